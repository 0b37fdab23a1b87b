#include "experiments/identify/massive_writes.h"

#include <ATen/ATen.h>

#include <map>
#include <optional>

#include "experiments/identify/commonest.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/search/site_trace.h"

namespace sinkscope::experiments::identification {
namespace {

using model::Point;
using model::Site;
using nlohmann::json;

constexpr double kOverOthers = 4, kChange = 1.5, kAsToken0 = 0.5, kOfSamples = 0.5;

/// Norms [samples, T] float64 by site; NaN behind a sample's end.
using Norms = std::map<Site, std::vector<at::Tensor>, model::InOrderOfPass>;

std::vector<Site> sites_of(const model::Config& config) {
  std::vector<Site> sites;
  for (int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (const auto point : {Point::resid_pre, Point::attn_out, Point::resid_mid, Point::mlp_out, Point::resid_post}) {
      sites.push_back({point, layer});
    }
  }
  return sites;
}

Norms read_norms(app::Run& r) {
  Norms norms;
  for (const auto& batch : r.batches()) {
    const auto place = at::arange(batch.ids.size(1)).unsqueeze(0);
    const auto behind = place >= at::tensor(batch.lengths, at::kLong).unsqueeze(1);
    model::Taps taps(r.config());
    for (const auto& site : sites_of(r.config())) {
      taps.read(site, [&norms, site, behind](const at::Tensor& x) {
        const auto length = x.to(at::kFloat).norm(2, -1).to(at::kCPU, at::kDouble);
        norms[site].push_back(length.masked_fill(behind, std::nan("")));
      });
    }
    r.forward(batch, taps);
  }
  return norms;
}

/// What a block adds, and the residual around it.
struct Output {
  Site site;
  at::Tensor norm, before, after;  // [samples, T]
  at::Tensor grows() const { return after >= kChange * before; }
  at::Tensor shrinks() const { return after * kChange <= before; }
};

std::vector<Output> outputs_of(app::Run& r) {
  const auto norms = read_norms(r);
  const auto at = [&](Point point, int64_t layer) { return at::cat(norms.at({point, layer})); };
  std::vector<Output> outputs;
  for (int64_t layer = 0; layer < r.config().n_layers; ++layer) {
    for (const auto& [point, before, after] : {std::tuple(Point::attn_out, Point::resid_pre, Point::resid_mid),
                                               std::tuple(Point::mlp_out, Point::resid_mid, Point::resid_post)}) {
      outputs.push_back({{point, layer}, at(point, layer), at(before, layer), at(after, layer)});
    }
  }
  return outputs;
}

double mean_of(const at::Tensor& norms) {
  return norms.nanmean().item<double>();
}

/// Tokens 1 to 8.
at::Tensor ordinary(const at::Tensor& norms) {
  return norms.slice(1, 1, trials::search::kLastTraced + 1);
}

/// At least 4 times the median of tokens 1 to 8, for which massive ones among them count little.
at::Tensor is_massive(const at::Tensor& norms) {
  const auto median = ordinary(norms).flatten().nanmedian();
  return (norms >= kOverOthers * median).logical_and(norms > 0);
}

at::Tensor without_first(at::Tensor mask) {
  mask.select(1, 0).fill_(false);
  return mask;
}

/// `at`: the tokens whose means `norm` and `residual` are.
json row(const Output& output, bool writes, const char* where, const at::Tensor& at, const at::Tensor& later,
         const at::Tensor& ids) {
  const auto mean_there = [&](const at::Tensor& norms) { return mean_of(norms.masked_select(at)); };
  const double all = without_first(output.norm.isnan().logical_not()).sum().item<double>();
  return {{"site", model::name(output.site)},
          {"does", writes ? "writes" : "removes"},
          {"at", where},
          {"norm", mean_there(output.norm)},
          {"norm_at_others", measure::finite(mean_of(ordinary(output.norm)))},
          {"residual", {{"before", mean_there(output.before)}, {"after", mean_there(output.after)}}},
          {"later_tokens",
           {{"share", all > 0 ? later.sum().item<double>() / all : 0}, {"ids", commonest_ids(ids, later)}}}};
}

/// Tokens of which it makes the residual massive, or ends that.
at::Tensor massive_at(const Output& output, bool writes) {
  const auto changed = writes ? output.grows().logical_and(is_massive(output.after))
                              : output.shrinks().logical_and(is_massive(output.before));
  return changed.logical_and(is_massive(output.norm));
}

/// Whether it makes token 0 massive, or ends that: by means over samples, or, where other tokens' mean is massive too,
/// in half of the samples.
std::optional<bool> writes_first(const Output& output) {
  const auto first = [](const at::Tensor& norms) { return mean_of(norms.select(1, 0)); };
  const double was = first(output.before), is = first(output.after);
  const bool writes = is >= kChange * was, removes = is * kChange <= was;
  if (!writes && !removes) return {};
  if (first(output.norm) >= kOverOthers * mean_of(ordinary(output.norm))) return writes;
  const auto samples = massive_at(output, writes).select(1, 0).to(at::kDouble).mean().item<double>();
  return samples >= kOfSamples ? std::optional(writes) : std::nullopt;
}

json row_of_first(const Output& output, bool writes, const at::Tensor& ids) {
  const auto first = mean_of(output.norm.select(1, 0));
  const auto at_first = at::zeros_like(output.norm, at::kBool);
  at_first.select(1, 0).fill_(true);
  return row(output, writes, "token 0", at_first, without_first(output.norm >= kAsToken0 * first), ids);
}

}  // namespace

json find_massive_writes(trials::Runner& runner) {
  auto found = json::array();
  const auto& ids = runner.run().all_ids();
  for (const auto& output : outputs_of(runner.run())) {
    const auto of_first = writes_first(output);
    if (of_first) found.push_back(row_of_first(output, *of_first, ids));
    for (const bool writes : {true, false}) {
      const auto later = without_first(massive_at(output, writes));
      if (of_first == writes || !later.any().item<bool>()) continue;
      found.push_back(row(output, writes, "later tokens", later, later, ids));
    }
  }
  return found;
}

}  // namespace sinkscope::experiments::identification
