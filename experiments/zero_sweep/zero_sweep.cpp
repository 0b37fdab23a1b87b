// zero-sweep: which block parts does the sink need at token 0?
//
// Edit: the output of one attention or MLP at token 0 becomes zero, its mean over samples, or that of a sample of
// another document; with --pairs also two outputs together. Reading: attention to token 0 at the sink layer and later.
// A part whose zeroing ends the sink is necessary; if mean and resample do not, it is needed for what all samples
// share, if they do too, for what is this sample's own. A pair that ends it where neither part does is redundant.
// Source: the seed author's zero-point sweep (llm-interp, attention_sink), Qwen3-8B, 56 prompts.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/spelling/nearest.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Operation;
using intervene::Trial;
using nlohmann::json;

struct Options {
  trials::Options trials;
  std::string operations = "zero,mean,resample";
  bool pairs = false;
};

std::vector<Operation> parse_operations(const std::string& list) {
  const std::vector<std::string> known{"zero", "mean", "resample"};
  std::vector<Operation> operations;
  for (const auto& word : split(list, ',')) {
    const auto found = std::find(known.begin(), known.end(), word);
    if (found == known.end()) {
      throw InputError(
          fmt::format("--operations: no operation is named '{}'; the nearest is '{}'", word, nearest(word, known)));
    }
    constexpr Operation kOperations[] = {Operation::zero, Operation::mean, Operation::resample};
    operations.push_back(kOperations[found - known.begin()]);
  }
  if (operations.empty()) throw InputError("--operations: an empty list; expected some of zero, mean, resample");
  return operations;
}

intervene::Edit remove(const model::Site& site, Operation operation) {
  if (operation == Operation::zero) return trials::edit_at(site, 0, operation);
  return trials::edit_from(site, 0, operation, {.site = site});
}

std::string name_of(Operation operation, const model::Site& site) {
  return fmt::format("{} {}", intervene::name(operation), trials::short_name(site));
}

Trial removal(const std::string& name, const std::vector<intervene::Edit>& edits) {
  json about{{"operation", intervene::name(edits[0].operation)}, {"sites", json::array()}};
  for (const auto& edit : edits) about["sites"].push_back(model::name(edit.site));
  return {.name = name, .role = intervene::Role::removal, .about = std::move(about), .edits = edits};
}

std::vector<Trial> singles(const std::vector<Operation>& operations, int64_t layers) {
  std::vector<Trial> list;
  for (const auto operation : operations) {
    for (const auto& site : trials::block_outputs(layers)) {
      list.push_back(removal(name_of(operation, site), {remove(site, operation)}));
    }
  }
  return list;
}

/// Two outputs before the sink layer's attention together, by the first operation.
std::vector<Trial> pairs(Operation operation, int64_t sink_layer) {
  std::vector<Trial> list;
  const auto sites = trials::block_outputs(sink_layer);
  for (size_t a = 0; a < sites.size(); ++a) {
    for (size_t b = a + 1; b < sites.size(); ++b) {
      list.push_back(removal(fmt::format("{} and {}", name_of(operation, sites[a]), trials::short_name(sites[b])),
                             {remove(sites[a], operation), remove(sites[b], operation)}));
      list.back().interaction_of = {name_of(operation, sites[a]), name_of(operation, sites[b])};
    }
  }
  return list;
}

void run(const Options& o, const CLI::App& command) {
  const auto operations = parse_operations(o.operations);
  app::Run r(o.trials.run, command);
  // Without the loss nothing is read after the last attention, so the last block's outputs would be edited unseen.
  const int64_t L = r.config().n_layers - (o.trials.no_loss ? 1 : 0);
  const double count = static_cast<double>(2 * L * static_cast<int64_t>(operations.size()) + (o.pairs ? L * L / 2 : 0));
  const bool resamples = std::find(operations.begin(), operations.end(), Operation::resample) != operations.end();
  trials::run(r, o.trials,
              {.design = {.edited = {0},
                          .wants_other_documents = resamples,
                          .trials = count,
                          .last_layer = r.config().n_layers - 1},
               .make = [&](trials::Runner& runner) {
                 auto list = singles(operations, L);
                 if (!o.pairs) return list;
                 const auto more = pairs(operations[0], runner.sink_layer());
                 list.insert(list.end(), more.begin(), more.end());
                 return list;
               }});
}

}  // namespace

commands::Command zero_sweep() {
  return {"zero-sweep", "which attention and MLP outputs does the sink need at token 0?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            app.add_option("--operations", o->operations, "some of zero, mean, resample")
                ->capture_default_str()
                ->check(app::some_of({"zero", "mean", "resample"}));
            app.add_flag("--pairs", o->pairs, "two outputs together, before the sink layer, by the first operation");
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
