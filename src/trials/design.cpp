#include "sinkscope/trials/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "sinkscope/error.h"
#include "sinkscope/model/points.h"

namespace sinkscope::trials {
namespace {

using intervene::Edit;
using intervene::Trial;

size_t count_documents(const app::Run& r) {
  return std::set<int64_t>(r.samples().documents.begin(), r.samples().documents.end()).size();
}

/// Nothing after the last attention is read without the loss.
void check_seen(const Trial& trial, const Edit& edit, const app::Run& r) {
  if (model::before(edit.site, {model::Point::pattern, r.config().n_layers - 1})) return;
  throw InputError(
      fmt::format("trial '{}': with --no-loss nothing would see the edit at {}", trial.name, model::name(edit.site)));
}

/// A mean over samples at every token needs samples that have every token.
void check_lengths(const Trial& trial, const Edit& edit, const app::Run& r) {
  const auto [shortest, longest] = std::minmax_element(r.lengths().begin(), r.lengths().end());
  if (*shortest == *longest || !edit.all_but || !intervene::takes_rows(edit) || !edit.from->tokens.empty()) return;
  throw InputError(fmt::format("trial '{}': {} at all tokens but some needs samples of one length, found {} to {}",
                               trial.name, intervene::name(edit.operation), *shortest, *longest));
}

}  // namespace

void check(const Design& design, const Options& o, const app::Run& r) {
  if (design.wants_other_documents && count_documents(r) < 2) {
    throw InputError("resample: the samples are of one document; expected another to take values from");
  }
  if (o.layer >= 0) model::check_layer(o.layer, r.config(), "--layer");
  for (const auto* tokens : {&design.tracked, &design.edited}) {
    if (std::find(tokens->begin(), tokens->end(), o.other_token) == tokens->end()) continue;
    throw InputError(fmt::format(
        "--other-token {}: is one of the tokens that are read, edited, copied from or asked about", o.other_token));
  }
}

void warn_of_weak_claims(app::Run& r, const Options& o, int64_t testing) {
  if (testing < kClaimNeeds) {
    r.warn(fmt::format("{} samples to test on; for the intervals of a causal claim use at least {} test samples",
                       testing, kClaimNeeds));
  }
  if (count_documents(r) < 2) r.warn("the samples are of one document: there are no intervals");
  if (o.controls < kClaimNeeds) {
    r.warn(fmt::format("{} random controls per trial; for a causal claim use at least {}", o.controls, kClaimNeeds));
  }
}

void check(const std::vector<Trial>& list, const Design& design, const Options& o, const app::Run& r) {
  intervene::check(list, design.runs, r.config(), r.longest());
  for (const auto& trial : list) {
    for (const auto& edit : trial.edits) {
      check_lengths(trial, edit, r);
      if (o.no_loss) check_seen(trial, edit, r);
    }
  }
}

std::vector<int64_t> draw_other_documents(const Design& design, const app::Run& r) {
  if (!design.wants_other_documents) return {};
  const auto& documents = r.samples().documents;
  std::mt19937_64 generator(static_cast<uint64_t>(r.options().seed) + 1);
  std::vector<int64_t> from;
  for (const int64_t document : documents) {
    std::vector<int64_t> others;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (documents[i] != document) others.push_back(static_cast<int64_t>(i));
    }
    from.push_back(others[generator() % others.size()]);
  }
  return from;
}

nlohmann::json to_json(const Design& design, const Options& o) {
  auto tensor_files = nlohmann::json::array();
  for (const auto& file : design.tensor_files) tensor_files.push_back(file.at("sha256"));
  return {{"tracked", design.tracked},
          {"runs", intervene::to_json(design.runs)},
          {"layer", o.layer},
          {"controls", o.controls},
          {"other_token", o.other_token},
          {"loss", !o.no_loss},
          {"frozen", !o.no_frozen},
          {"q_min", o.run.q_min},
          {"split", design.split},
          {"tensor_files", tensor_files}};
}

}  // namespace sinkscope::trials
