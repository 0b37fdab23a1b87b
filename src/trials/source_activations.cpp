#include "sinkscope/trials/source_activations.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

namespace sinkscope::trials {

constexpr char kUnedited[] = "unedited";

bool has_natural_range(const intervene::Edit& edit) {
  return !edit.all_but;
}

std::set<int64_t> natural_tokens(const intervene::Edit& edit) {
  std::set<int64_t> tokens{0};
  tokens.insert(edit.tokens.begin(), edit.tokens.end());
  if (edit.from) tokens.insert(edit.from->tokens.begin(), edit.from->tokens.end());
  return tokens;
}

void SourceActivations::want(const std::string& run, const model::Site& site, int64_t token) {
  rows_.try_emplace({run, site.layer, site.point, token});
}

void SourceActivations::want(const intervene::Edit& edit, int64_t T) {
  const auto tokens = intervene::edited_tokens(edit, T);
  if (intervene::takes_rows(edit)) {
    for (const int64_t token : edit.from->tokens.empty() ? tokens : edit.from->tokens) {
      want(edit.from->run, edit.from->site, token);
    }
  }
  want(kUnedited, edit.site, 0);
  if (!has_natural_range(edit)) return;
  for (const int64_t token : natural_tokens(edit)) want(kUnedited, edit.site, token);
}

void SourceActivations::gather(app::Run& r) {
  std::set<std::string> missing;
  for (const auto& [key, rows] : rows_) {
    if (!rows.defined()) missing.insert(std::get<0>(key));
  }
  for (const auto& run : missing) {
    std::map<Key, std::vector<at::Tensor>> parts;
    for (const auto& batch : r.batches()) {
      model::Taps taps(r.config());
      if (run != kUnedited) {
        const auto& condition = runs_.at(run);
        taps.attention(condition.change, condition.layers);
      }
      for (const auto& [key, rows] : rows_) {
        if (std::get<0>(key) != run || rows.defined()) continue;
        const int64_t token = std::get<3>(key);
        taps.read({std::get<2>(key), std::get<1>(key)}, [&into = parts[key], token](const at::Tensor& x) {
          into.push_back(x.select(1, token).flatten(1).to(at::kFloat));
        });
      }
      r.forward(batch, taps);
    }
    for (const auto& [key, list] : parts) rows_[key] = at::cat(list);
  }
}

const at::Tensor& SourceActivations::at(const std::string& run, const model::Site& site, int64_t token) const {
  const auto found = rows_.find({run, site.layer, site.point, token});
  if (found == rows_.end() || !found->second.defined()) {
    throw std::logic_error(
        fmt::format("rows of token {} at {} in run '{}' were not gathered", token, model::name(site), run));
  }
  return found->second;
}

}  // namespace sinkscope::trials
