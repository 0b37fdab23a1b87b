#include "sinkscope/trials/reading.h"

#include <ATen/ATen.h>

#include <limits>

namespace sinkscope::trials {
namespace {

using model::Point;
using model::Site;

std::vector<int64_t> layers_from(int64_t first, int64_t last, const Site& start) {
  std::vector<int64_t> layers;
  for (int64_t layer = first; layer <= last; ++layer) {
    if (!model::before(Site{Point::pattern, layer}, start)) layers.push_back(layer);
  }
  return layers;
}

at::Tensor norms(const at::Tensor& x) {
  return x.to(at::kFloat).norm(2, -1).to(at::kCPU, at::kDouble);
}

}  // namespace

Reading::Reading(const Setting& setting, const app::Batch& batch, Detail detail, const Site& start)
    : setting_(setting),
      batch_(batch),
      detail_(detail),
      start_(start),
      last_(detail == Detail::sink    ? setting.sink_layer
            : setting.last_layer >= 0 ? setting.last_layer
                                      : setting.run.config().n_layers - 1),
      layers_(layers_from(setting.sink_layer, last_, start)),
      attention_(setting.keys.all(), setting.keys.first_queries(setting.run.options().q_min), layers_),
      written_(setting.run.config().n_layers) {
  if (detail == Detail::full && !setting.options.no_loss) {
    loss_.emplace([&model = setting.run.model()](const at::Tensor& x) { return model.unembed(x); });
  }
}

void Reading::attach(model::Taps& taps) {
  if (!layers_.empty()) attention_.attach(taps, batch_.lengths, batch_.ids.size(1), setting_.run.device());
  attach_massive(taps);
  if (loss_) loss_->attach(taps, batch_.ids, batch_.lengths);
  if (detail_ == Detail::full) attach_written(taps);
}

void Reading::attach_massive(model::Taps& taps) {
  const auto& massive = setting_.massive_activation;
  if (!massive || !reaches(massive->site)) return;
  taps.read(massive->site, [this, &massive](const at::Tensor& x) {
    const auto tokens = at::tensor(setting_.keys.tracked, at::kLong).to(x.device());
    const auto dimensions = at::tensor(massive->dimensions, at::kLong).to(x.device());
    massive_ = norms(x.index_select(1, tokens).index_select(2, dimensions));
  });
}

/// Without the loss the pass ends with the last attention.
void Reading::attach_written(model::Taps& taps) {
  const auto L = static_cast<int64_t>(written_.size());
  for (int64_t layer = 0; layer < (loss_ ? L : last_); ++layer) {
    if (!reaches({Point::mlp_out, layer})) continue;
    taps.read({Point::mlp_out, layer}, [this, layer](const at::Tensor& x) {
      written_[layer] = norms(x.select(1, setting_.keys.tracked.back()));
    });
  }
}

at::Tensor Reading::attention(const Outcome& unedited) const {
  std::vector<at::Tensor> by_layer;
  const int64_t before = last_ - setting_.sink_layer + 1 - static_cast<int64_t>(layers_.size());
  if (before > 0) by_layer.push_back(unedited.attention.slice(1, 0, before));
  if (!layers_.empty()) {
    const auto values = attention_.values();
    const auto tracked = static_cast<int64_t>(setting_.keys.tracked.size());
    by_layer.push_back(at::cat({values.slice(2, 0, tracked), values.slice(2, tracked).mean(2, true)}, 2));
  }
  return at::cat(by_layer, 1);
}

at::Tensor Reading::written(const Outcome& unedited) const {
  const auto none = at::full({batch_.n}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  std::vector<at::Tensor> by_layer;
  for (size_t layer = 0; layer < written_.size(); ++layer) {
    if (written_[layer].defined()) {
      by_layer.push_back(written_[layer]);
    } else {
      by_layer.push_back(unedited.written.defined() ? unedited.written.select(1, static_cast<int64_t>(layer)) : none);
    }
  }
  return at::stack(by_layer, 1);
}

Outcome Reading::outcome(const Outcome& unedited) const {
  Outcome read{.attention = attention(unedited), .massive = massive_.defined() ? massive_ : unedited.massive};
  if (loss_) read.loss = at::tensor(loss_->by_sample(), at::kDouble);
  if (detail_ == Detail::full) read.written = written(unedited);
  return read;
}

}  // namespace sinkscope::trials
