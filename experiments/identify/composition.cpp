#include "experiments/identify/composition.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "experiments/identify/readers.h"
#include "experiments/identify/writers.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

constexpr int64_t kMost = 8;  // rows of each list

at::Tensor way(const std::vector<PortableSignal>& signals, const model::Site& site) {
  at::Tensor sum;
  for (const auto& one : signals) {
    if (!(one.site == site) || !one.set) continue;
    const auto its = at::matmul(one.first - one.ordinary, one.basis);
    sum = sum.defined() ? sum + its : its;
  }
  return sum / sum.norm().clamp_min(1e-30);
}

json channels(const at::Tensor& u) {
  auto list = json::array();
  const auto [shares, order] = u.square().to(at::kDouble).topk(std::min(kMost, u.numel()));
  for (int64_t i = 0; i < order.numel() && shares[i].item<double>() > 0; ++i) {
    list.push_back({{"dimension", order[i].item<int64_t>()}, {"share", shares[i].item<double>()}});
  }
  return list;
}

}  // namespace

Composition compose(trials::Runner& r, const std::vector<PortableSignal>& signals, const model::Site& site) {
  Composition made{.direction = way(signals, site)};
  made.description = {{"site", model::name(site)},
                      {"channels", channels(made.direction)},
                      {"written_by", to_json(find_writers(r, site, made.direction), kMost)},
                      {"read_by", to_json(find_readers(r.run().model(), site, r.sink_layer(), made.direction), kMost)}};
  return made;
}

json composition_metrics() {
  return {
      {"composition",
       "of the verdict's signal: u is the unit vector along the way from the later token's mean level to token 0's, "
       "all "
       "its sets together, over the samples that choose; the file beside the result holds it as `direction`. Each list "
       "has the 8 largest, by magnitude"},
      {"channels", "share: the squared component of u in a dimension of the residual; all of them add up to 1"},
      {"written_by",
       "token 0 less the mean of tokens 1 to 8, means over the samples that choose: total, x . u of the residual x at "
       "the site; a head's contribution, (W_O z) . u; a neuron's, z (w_down . u), z what the down projection reads; "
       "attention and mlp, the sums over all heads and neurons up to the site, which with the embedding give the "
       "total. "
       "Only what is written straight into the residual: what an early head writes through later blocks counts as "
       "theirs"},
      {"read_by",
       "of weights alone, through the gain g of the norm before them: ratio, |W_K diag(g) u| / |W_K diag(g)|_F of a "
       "key "
       "head after the site up to the sink's layer (a random direction has about 1 / sqrt(D)); cosine, of u and a "
       "neuron's gate row times g, of MLPs after the site and below the sink's layer"}};
}

}  // namespace sinkscope::experiments::identification
