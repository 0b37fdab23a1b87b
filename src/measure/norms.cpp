#include "sinkscope/measure/norms.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/statistics.h"

namespace sinkscope::measure {
namespace {

struct NormSite {
  model::Point point;
  const char* name;
};
constexpr std::array<NormSite, 3> kSites = {
    {{model::Point::resid_post, "resid_post"}, {model::Point::rot_k, "rot_k"}, {model::Point::v, "v"}}};
constexpr int64_t kTopDimensions = 3;

}  // namespace

Norms::Norms(const model::Config& config, std::vector<int64_t> tokens)
    : tokens_(std::move(tokens)), residual_(config.n_layers, VectorStats(tokens_)) {
  const Sums none{std::vector<double>(tokens_.size()), std::vector<double>(tokens_.size()), 0, 0};
  sums_.assign(kSites.size(), std::vector<Sums>(config.n_layers, none));
}

void Norms::add(Sums& sums, const at::Tensor& norms, const std::vector<int64_t>& lengths) const {
  const auto on_cpu = norms.to(at::kCPU, at::kDouble);
  for (int64_t sample = 0; sample < on_cpu.size(0); ++sample) {
    const auto row = on_cpu[sample].slice(0, 0, lengths[sample]);
    double others = row.sum().item<double>(), count = static_cast<double>(lengths[sample]);
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i] >= lengths[sample]) continue;
      const double norm = row[tokens_[i]].item<double>();
      sums.of_token[i] += norm;
      sums.samples[i] += 1;
      others -= norm;
      count -= 1;
    }
    sums.others += others;
    sums.other_count += count;
  }
}

void Norms::attach(model::Taps& taps, const std::vector<int64_t>& lengths) {
  for (size_t site = 0; site < kSites.size(); ++site) {
    for (size_t layer = 0; layer < residual_.size(); ++layer) {
      taps.read({kSites[site].point, static_cast<int64_t>(layer)}, [=, this](const at::Tensor& x) {
        const auto norms = at::linalg_vector_norm(x.to(at::kFloat), 2, at::IntArrayRef{-1});
        add(sums_[site][layer], norms.dim() == 3 ? norms.mean(-1) : norms, lengths);  // over heads
        if (kSites[site].point == model::Point::resid_post) residual_[layer].add(x, lengths);
      });
    }
  }
}

nlohmann::json Norms::to_json() const {
  auto sites = nlohmann::json::array();
  for (size_t site = 0; site < kSites.size(); ++site) {
    auto by_layer_token = nlohmann::json::array(), others = nlohmann::json::array();
    for (const auto& sums : sums_[site]) {
      std::vector<double> row;
      for (size_t i = 0; i < tokens_.size(); ++i) row.push_back(sums.of_token[i] / sums.samples[i]);
      by_layer_token.push_back(finite(row));
      others.push_back(finite(sums.others / sums.other_count));
    }
    sites.push_back({{"site", kSites[site].name}, {"by_layer_token", by_layer_token}, {"others_by_layer", others}});
  }
  auto top = nlohmann::json::array();
  for (size_t layer = 0; layer < residual_.size(); ++layer) {
    for (size_t i = 0; i < tokens_.size(); ++i) {
      auto dimensions = nlohmann::json::array();
      for (const auto& d : residual_[layer].top_dimensions(i, kTopDimensions)) {
        dimensions.push_back({{"dimension", d.dimension}, {"mean", finite(d.mean)}});
      }
      top.push_back({{"layer", layer}, {"token", tokens_[i]}, {"dimensions", dimensions}});
    }
  }
  return {{"tokens", tokens_}, {"sites", sites}, {"top_dimensions", top}};
}

}  // namespace sinkscope::measure
