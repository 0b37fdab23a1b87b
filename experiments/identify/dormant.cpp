// Channels that could make a sink and never do: the massive activation's neurons read them, natural tokens do not move
// them.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "experiments/identify/flags.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

constexpr int64_t kNeurons = 8, kChannels = 8;
constexpr double kNeverMoves = 0.05;  // of the signal's way

/// The largest |W_gate| gain over the neurons that write most of the massive activation at token 0: [D].
at::Tensor gate_reads(trials::Runner& r, int64_t layer) {
  const model::Site post{model::Point::mlp_post, layer};
  r.sources().want("unedited", post, 0);
  r.gather();
  const auto& mlp = r.run().model().block(layer).mlp;
  const auto z = r.sources().at("unedited", post, 0).square().mean(0);
  const auto columns = mlp.down_weight().to(at::kFloat).square().sum(0);
  const auto neurons = std::get<1>((z * columns).topk(std::min<int64_t>(kNeurons, z.numel())));
  const auto gate = mlp.gate_weight().index_select(0, neurons).to(at::kFloat);
  const auto energy = (z * columns).index_select(0, neurons);
  const auto matters = energy >= 0.01 * energy.max();
  const auto gain = r.run().model().reader_of({model::Point::mlp_in, layer})->norm.gain_of(gate);
  return (gate * gain * matters.unsqueeze(1)).abs().amax(0).to(at::kCPU);
}

/// From the lowest 1 % to the highest 99 % point of each dimension over all rows: [D] float64.
at::Tensor spread(const at::Tensor& rows) {
  const auto sorted = std::get<0>(rows.flatten(0, -2).sort(0));
  const double last = static_cast<double>(sorted.size(0) - 1);
  const auto range = sorted[static_cast<int64_t>(0.99 * last)] - sorted[static_cast<int64_t>(0.01 * last)];
  return range.to(at::kCPU, at::kDouble);
}

}  // namespace

json find_dormant(trials::Runner& r, const Evidence& evidence, const Alone& alone) {
  const auto& massive = r.massive_activation();
  auto found = json::array();
  const auto& site = evidence.candidate().site;
  if (!massive || massive->site.point != model::Point::mlp_out || !model::before(site, massive->site)) return found;
  const auto signal = joined(evidence.candidate().sufficient);
  const auto rows = traced_rows(r, "unedited", site, r.choosing());
  const auto way =
      (mean_coordinates(signal, rows.select(1, 0)) -
       mean_coordinates(signal,
                        r.sources().at("unedited", site, alone.token).index_select(0, r.choosing().to(rows.device()))));
  const double length = way.norm().item<double>();
  const auto natural = trace_of(rows);
  const auto moves = at::maximum((natural.first - natural.others).abs(), spread(rows)) / length;  // [D]
  auto reads = gate_reads(r, massive->site.layer).to(at::kDouble);
  if (!signal.is_directions()) reads.index_fill_(0, at::tensor(signal.dimensions, at::kLong), 0);
  const double unedited = level(r.unedited_probe(), 0).first;
  const auto order = std::get<1>(reads.topk(std::min(kChannels, reads.numel())));
  for (int64_t i = 0; i < order.numel(); ++i) {
    const auto channel = order[i].item<int64_t>();
    const double share = moves[channel].item<double>();
    if (share > kNeverMoves || reads[channel].item<double>() == 0) continue;
    for (const double sign : {1.0, -1.0}) {
      auto edit = trials::edit_at(site, alone.token, intervene::Operation::add);
      edit.dimensions = {channel};
      edit.values = {sign * length};
      const auto outcome = r.probe({.name = fmt::format("dormant channel {} by {:.3g}", channel, sign * length),
                                    .role = intervene::Role::writing,
                                    .edits = {std::move(edit)}});
      if (!makes_sink(level(outcome, 1), unedited)) continue;
      found.push_back({{"dimension", channel}, {"moved_by", sign * length}, {"natural_share", share}});
    }
  }
  return found;
}

}  // namespace sinkscope::experiments::identification
