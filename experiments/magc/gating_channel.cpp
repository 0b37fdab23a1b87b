#include "experiments/magc/gating_channel.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/measure/vector_stats.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/trials/writing_mlp.h"

namespace sinkscope::experiments {
namespace {

using measure::finite;
using measure::Towards;
using measure::VectorStats;
using model::Point;
using nlohmann::json;

constexpr double kTie = 1e-4;   // of the largest difference: float32 sums in another order
constexpr int64_t kMost = 3;    // neurons among which J is looked for
constexpr double kAlong = 0.9;  // |cosine| of a neuron's column with what the MLP writes
constexpr int64_t kShown = 8;   // channels in the table of candidates

/// Means over samples of the MLP's input at tokens 0, 1 and the later one, and of its neurons and output at token 0.
struct Seen {
  VectorStats in, post{{0}}, out{{0}};
};

Seen look(app::Run& r, int64_t layer, int64_t token, const at::Tensor& samples) {
  Seen seen{VectorStats({0, 1, token})};
  for (const auto& batch : r.batches()) {
    const auto here =
        samples.masked_select((samples >= batch.first).logical_and(samples < batch.first + batch.n)) - batch.first;
    if (here.numel() == 0) continue;
    std::vector<int64_t> lengths;
    for (int64_t i = 0; i < here.numel(); ++i)
      lengths.push_back(batch.lengths[static_cast<size_t>(here[i].item<int64_t>())]);
    model::Taps taps(r.config());
    const auto add = [&](Point point, VectorStats& to) {
      taps.read({point, layer}, [&](const at::Tensor& x) { to.add(x.index_select(0, here.to(x.device())), lengths); });
    };
    add(Point::ln2, seen.in);
    add(Point::mlp_post, seen.post);
    add(Point::mlp_out, seen.out);
    r.forward(batch, taps);
  }
  return seen;
}

/// argmax |difference|; of channels that differ alike, the one that the gates read most.
int64_t most_different(const at::Tensor& difference, const at::Tensor& gate) {
  const auto size = difference.abs();
  const auto ties = size >= (1 - kTie) * size.max();
  const auto read = at::where(ties, gate.norm(2, 0, false, at::kFloat).to(at::kCPU, at::kDouble), -1);
  return read.argmax().item<int64_t>();
}

std::vector<int64_t> largest(const at::Tensor& alpha) {
  const auto [sizes, order] = alpha.abs().topk(std::min(kMost, alpha.numel()));
  std::vector<int64_t> neurons;
  for (int64_t i = 0; i < order.numel() && sizes[i].item<double>() > 0; ++i) {
    neurons.push_back(order[i].item<int64_t>());
  }
  return neurons;
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  return (a.dot(b) / (a.norm() * b.norm())).item<double>();  // NaN where one is 0
}

/// Fills in the neurons, J and y*, from alpha and what was seen at token 0.
void find_neurons(GatingChannel& found, const measure::MlpWeights& w, const at::Tensor& down, const Seen& seen) {
  const auto alpha = measure::gating(w, found.channel, found.towards);
  const auto written = seen.out.token(0).mean, energy = seen.post.token(0).energy;
  auto list = largest(alpha);
  const auto by_weight = list.size();
  for (const int64_t neuron : trials::strongest_neurons(energy)) {
    if (std::find(list.begin(), list.end(), neuron) == list.end()) list.push_back(neuron);
  }
  const auto at_channel = [&](const at::Tensor& weight, int64_t neuron) {
    return weight[neuron][found.channel].item<double>();
  };
  for (size_t i = 0; i < list.size(); ++i) {
    const int64_t j = list[i];
    const auto column = down.select(1, j).to(at::kCPU, at::kDouble);
    found.neurons.push_back({.neuron = j,
                             .alpha = alpha[j].item<double>(),
                             .alpha_share = (alpha[j].square() / alpha.square().sum()).item<double>(),
                             .gate_weight = at_channel(w.gate, j),
                             .up_weight = at_channel(w.up, j),
                             .cosine = cosine(column, written),
                             .energy_share = (energy[j] / energy.sum()).item<double>()});
    if (i < by_weight && std::abs(found.neurons.back().cosine) > kAlong) found.j.push_back(j);
  }
  const auto scaled = (alpha.to(down.device()) / w.down_norms).nan_to_num(0, 0, 0).to(down.scalar_type());
  found.predicted_cosine = cosine(at::matmul(down, scaled).to(at::kCPU, at::kDouble), written);
}

/// 1 + the channels of larger R, rounding apart; null where this one has none.
json rank(const at::Tensor& r, int64_t channel) {
  const double own = r[channel].item<double>();
  if (std::isnan(own)) return nullptr;
  return 1 + (r > own + 1e-9).sum().item<int64_t>();
}

json why_no_j(const GatingChannel& found) {
  if (!found.j.empty()) return nullptr;
  if (std::isnan(found.predicted_cosine)) {
    return fmt::format("alpha is 0: no neuron's gate and up both read channel {}", found.channel);
  }
  return "no column of W_down among the three largest |alpha| points where the MLP writes";
}

json describe(const GatingChannel& found, int64_t channel) {
  const double first = found.first[channel].item<double>(), second = found.second[channel].item<double>();
  const auto& r = first >= second ? found.plus : found.minus;
  return {{"channel", channel},
          {"direction", first >= second ? 1 : -1},
          {"difference", first - second},
          {"mean", {{"first", first}, {"second", second}, {"later", found.later[channel].item<double>()}}},
          {"R", finite(r[channel].item<double>())},
          {"rank_by_R", rank(r, channel)}};
}

}  // namespace

GatingChannel find_gating_channel(app::Run& r, int64_t layer, int64_t token, const at::Tensor& samples) {
  const auto seen = look(r, layer, token, samples);
  const auto& mlp = r.model().block(layer).mlp;
  const auto down = mlp.down_weight();
  const measure::MlpWeights w{mlp.gate_weight(), mlp.up_weight(), down.norm(2, 0, false, at::kFloat).to(at::kDouble)};
  GatingChannel found{.layer = layer,
                      .first = seen.in.token(0).mean,
                      .second = seen.in.token(1).mean,
                      .later = seen.in.token(2).mean,
                      .plus = measure::concentration(w, Towards::plus_infinity),
                      .minus = measure::concentration(w, Towards::minus_infinity),
                      .n_neurons = w.gate.size(0)};
  const auto difference = found.first - found.second;
  found.channel = most_different(difference, w.gate);
  found.towards = difference[found.channel].item<double>() >= 0 ? Towards::plus_infinity : Towards::minus_infinity;
  find_neurons(found, w, down, seen);
  return found;
}

json to_json(const GatingChannel& found) {
  auto candidates = json::array(), neurons = json::array();
  const auto order = std::get<1>((found.first - found.second).abs().topk(std::min(kShown, found.first.numel())));
  for (int64_t i = 0; i < order.numel(); ++i) candidates.push_back(describe(found, order[i].item<int64_t>()));
  for (const auto& n : found.neurons) {
    neurons.push_back({{"neuron", n.neuron},
                       {"alpha", n.alpha},
                       {"alpha_share", finite(n.alpha_share)},
                       {"gate_weight", n.gate_weight},
                       {"up_weight", n.up_weight},
                       {"cosine_to_written", finite(n.cosine)},
                       {"energy_share", finite(n.energy_share)}});
  }
  auto channel = describe(found, found.channel);
  const auto& same_way = found.towards == Towards::plus_infinity ? found.plus : found.minus;
  channel["mean_R"] = finite(same_way.nanmean().item<double>());
  channel["log_neurons"] = std::log(static_cast<double>(found.n_neurons));
  channel["cosine_of_predicted"] = finite(found.predicted_cosine);
  return {{"channel", channel},
          {"J", found.j},
          {"no_J", why_no_j(found)},
          {"neurons", neurons},
          {"candidates", candidates},
          {"by_channel",
           {{"difference", model::to_vector(found.first - found.second)},
            {"R_plus", finite(model::to_vector(found.plus))},
            {"R_minus", finite(model::to_vector(found.minus))}}}};
}

json channel_metrics() {
  return {{"channel",
           "i*: of the MLP's normalised input h, the channel with the largest |mean h at token 0 less mean h at token "
           "1| on the half of "
           "the documents that chooses; "
           "of channels that agree in it to 1e-4, the one with the largest norm of W_gate[:,i]; direction: that "
           "difference's sign"},
          {"alpha",
           "W_gate[j,i] W_up[j,i] times the norm of W_down[:,j] where W_gate[j,i] has the direction's sign, else 0"},
          {"R",
           "log m + sum of p log p over the m neurons, p = alpha^2 / sum of alpha^2, natural logarithm; null: alpha is "
           "0; rank_by_R: 1 is the largest of all channels in the same direction"},
          {"J",
           "of the three neurons with the largest |alpha|, those whose column of W_down has |cosine| > 0.9 with the "
           "MLP's mean output at token 0"},
          {"cosine_of_predicted", "of y* = sum of alpha_j w_j, w_j unit columns of W_down, with that mean output"},
          {"energy_share", "share of the mean squared neurons activation(gate) up at token 0"}};
}

}  // namespace sinkscope::experiments
