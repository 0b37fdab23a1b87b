#include "experiments/identify/massive_writes.h"

#include <ATen/ATen.h>

#include <map>

#include "experiments/identify/commonest.h"
#include "sinkscope/trials/search/site_trace.h"

namespace sinkscope::experiments::identification {
namespace {

using model::Point;
using model::Site;
using nlohmann::json;

constexpr double kOverOthers = 4, kChange = 1.5, kAsToken0 = 0.5;

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

double mean_at(const at::Tensor& norms, int64_t first, int64_t end) {
  return norms.slice(1, first, end).nanmean().item<double>();
}

json later_tokens(const at::Tensor& ids, const at::Tensor& norms, double first) {
  auto there = norms.isnan().logical_not(), as_first = norms >= kAsToken0 * first;
  for (auto* mask : {&there, &as_first}) mask->select(1, 0).fill_(false);
  const double all = there.sum().item<double>();
  return {{"share", all > 0 ? as_first.sum().item<double>() / all : 0}, {"ids", commonest_ids(ids, as_first)}};
}

}  // namespace

json find_massive_writes(trials::Runner& runner) {
  auto& r = runner.run();
  const auto norms = read_norms(r);
  const auto at = [&](Point point, int64_t layer) { return at::cat(norms.at({point, layer})); };
  auto found = json::array();
  for (int64_t layer = 0; layer < r.config().n_layers; ++layer) {
    for (const auto& [point, before, after] : {std::tuple(Point::attn_out, Point::resid_pre, Point::resid_mid),
                                               std::tuple(Point::mlp_out, Point::resid_mid, Point::resid_post)}) {
      const auto output = at(point, layer);
      const double norm = mean_at(output, 0, 1), others = mean_at(output, 1, trials::search::kLastTraced + 1);
      const double was = mean_at(at(before, layer), 0, 1), is = mean_at(at(after, layer), 0, 1);
      const bool writes = is >= kChange * was, removes = is * kChange <= was;
      if (norm < kOverOthers * others || !(writes || removes)) continue;
      found.push_back({{"site", model::name({point, layer})},
                       {"does", writes ? "writes" : "removes"},
                       {"norm", norm},
                       {"norm_at_others", others},
                       {"residual", {{"before", was}, {"after", is}}},
                       {"later_tokens", later_tokens(r.all_ids(), output, norm)}});
    }
  }
  return found;
}

}  // namespace sinkscope::experiments::identification
