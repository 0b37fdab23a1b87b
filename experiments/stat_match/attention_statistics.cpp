#include "experiments/stat_match/attention_statistics.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/trials/source_activations.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

RowStatistics of(const at::Tensor& rows) {
  const auto x = rows.to(at::kCPU, at::kDouble);
  const auto mean = x.mean(0);
  return {.mean = mean,
          .norm = x.norm(2, -1).mean().item<double>(),
          .deviation = (x - mean).square().sum(1).mean().sqrt().item<double>()};
}

json to_json(const RowStatistics& rows, const RowStatistics& first) {
  const double length = rows.mean.norm().item<double>();
  const double cosine = rows.mean.dot(first.mean).item<double>() / (length * first.mean.norm().item<double>());
  return {{"norm", rows.norm}, {"deviation", rows.deviation}, {"norm_of_mean", length}, {"cosine_to_first", cosine}};
}

}  // namespace

StatisticsByLayer attention_statistics(app::Run& r, const intervene::Runs& runs, const std::string& run,
                                       const std::vector<int64_t>& layers, int64_t token) {
  trials::SourceActivations rows(runs);
  for (const int64_t layer : layers) {
    const model::Site site{model::Point::attn_out, layer};
    rows.want("unedited", site, 0);
    rows.want("unedited", site, token);
    rows.want(run, site, token);
  }
  rows.gather(r);
  StatisticsByLayer found;
  for (const int64_t layer : layers) {
    const model::Site site{model::Point::attn_out, layer};
    found[layer].alone = of(rows.at(run, site, token));
    for (const int64_t at : {int64_t{0}, token}) {
      const auto natural = of(rows.at("unedited", site, at));
      if (natural.deviation == 0) {
        throw InputError(fmt::format("{} at token {} is the same in all samples: no factor gives it another variance",
                                     model::name(site), at));
      }
      found[layer].at[at] = natural;
    }
  }
  return found;
}

json to_json(const StatisticsByLayer& statistics, int64_t token) {
  auto list = json::array();
  for (const auto& [layer, found] : statistics) {
    const auto& first = found.at.at(0);
    list.push_back({{"layer", layer},
                    {"first", to_json(first, first)},
                    {"later", to_json(found.at.at(token), first)},
                    {"later_alone", to_json(found.alone, first)},
                    {"factor", found.factor(token, 0)}});
  }
  return list;
}

}  // namespace sinkscope::experiments
