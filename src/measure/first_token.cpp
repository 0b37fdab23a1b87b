#include "sinkscope/measure/first_token.h"

#include <ATen/ATen.h>

namespace sinkscope::measure {
namespace {

using model::Point;

at::Tensor norm_of(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2, at::IntArrayRef{-1});
}

at::Tensor first_of(const at::Tensor& x) {  // [n, T, ...] to [n, ...]
  return x.select(1, 0).to(at::kFloat);
}

void add_to(at::Tensor& sum, const at::Tensor& x) {  // x [n, ...]
  const auto of_batch = x.sum(at::IntArrayRef{0}, /*keepdim=*/false, at::kDouble);
  sum = sum.defined() ? sum + of_batch : of_batch;
}

at::Tensor joined(const std::vector<at::Tensor>& parts) {
  return at::cat(parts).cpu();
}

/// [places] of something with parts of [n] a batch to [samples, places].
template <typename Place>
at::Tensor by_place(const std::vector<Place>& places, std::vector<at::Tensor> Place::*parts) {
  std::vector<at::Tensor> columns;
  for (const auto& place : places) columns.push_back(joined(place.*parts));
  return at::stack(columns, 1);
}

template <typename Place>
at::Tensor mean_by_place(const std::vector<Place>& places, at::Tensor Place::*sum, int64_t samples) {
  std::vector<at::Tensor> rows;
  for (const auto& place : places) rows.push_back((place.*sum).cpu());
  return at::stack(rows) / static_cast<double>(samples);
}

}  // namespace

FirstTokenPath::FirstTokenPath(const model::Config& config) : residual_(config.n_layers + 1), heads_(config.n_layers) {}

void FirstTokenPath::add(Residual& r, const at::Tensor& x) {
  const auto v = first_of(x), magnitude = v.abs();
  const auto [largest, dimension] = magnitude.max(-1);
  r.norm.push_back(norm_of(v));
  r.max_abs.push_back(largest);
  r.max_dimension.push_back(dimension);
  add_to(r.sum, v);
  add_to(r.abs_sum, magnitude);
  add_to(r.square_sum, v.square());
}

void FirstTokenPath::attach(model::Taps& taps) {
  taps.read({Point::embed}, [this](const at::Tensor& x) {
    samples_ += x.size(0);
    add(residual_[0], x);
  });
  for (size_t layer = 0; layer < heads_.size(); ++layer) {
    const auto at_layer = static_cast<int64_t>(layer);
    taps.read({Point::rot_k, at_layer}, [this, layer](const at::Tensor& x) {
      const auto keys = first_of(x);  // [n, K, h]
      heads_[layer].key_norm.push_back(norm_of(keys).mean(-1));
      add_to(heads_[layer].key_sum, keys);
    });
    taps.read({Point::v, at_layer}, [this, layer](const at::Tensor& x) {
      heads_[layer].value_norm.push_back(norm_of(first_of(x)).mean(-1));
    });
    taps.read({Point::resid_post, at_layer}, [this, layer](const at::Tensor& x) { add(residual_[layer + 1], x); });
  }
}

at::Tensor FirstTokenPath::norm() const {
  return by_place(residual_, &Residual::norm);
}
at::Tensor FirstTokenPath::max_abs() const {
  return by_place(residual_, &Residual::max_abs);
}
at::Tensor FirstTokenPath::max_dimension() const {
  return by_place(residual_, &Residual::max_dimension);
}
at::Tensor FirstTokenPath::key_norm() const {
  return by_place(heads_, &Heads::key_norm);
}
at::Tensor FirstTokenPath::value_norm() const {
  return by_place(heads_, &Heads::value_norm);
}

at::Tensor FirstTokenPath::mean() const {
  return mean_by_place(residual_, &Residual::sum, samples_);
}
at::Tensor FirstTokenPath::mean_abs() const {
  return mean_by_place(residual_, &Residual::abs_sum, samples_);
}
at::Tensor FirstTokenPath::mean_square() const {
  return mean_by_place(residual_, &Residual::square_sum, samples_);
}
at::Tensor FirstTokenPath::mean_key() const {
  return mean_by_place(heads_, &Heads::key_sum, samples_);
}

void FirstTokenKeys::attach(model::Taps& taps) {
  for (size_t layer = 0; layer < keys_.size(); ++layer) {
    taps.read({Point::rot_k, static_cast<int64_t>(layer)}, [this, layer](const at::Tensor& x) {
      keys_[layer].push_back(first_of(x).to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true));
    });
  }
}

int64_t FirstTokenKeys::bytes(const model::Config& config, int64_t samples) {
  return samples * config.n_layers * config.n_kv_heads * config.d_head * at::elementSize(at::kFloat);
}

KeyCosine::KeyCosine(const at::Tensor& keys) : keys_(keys.to(at::kFloat)), parts_(keys.size(0)) {}

void KeyCosine::add(size_t layer, const at::Tensor& keys) {
  const auto given = keys_[static_cast<int64_t>(layer)].to(keys.device());
  parts_[layer].push_back(at::cosine_similarity(keys, given.unsqueeze(0), /*dim=*/-1).mean(-1));
}

void KeyCosine::attach(model::Taps& taps) {
  for (size_t layer = 0; layer < parts_.size(); ++layer) {
    taps.read({Point::rot_k, static_cast<int64_t>(layer)},
              [this, layer](const at::Tensor& x) { add(layer, first_of(x)); });
  }
}

void KeyCosine::add(const FirstTokenKeys& kept) {
  for (size_t layer = 0; layer < parts_.size(); ++layer) {
    for (const auto& keys : kept.layer(layer)) add(layer, keys);
  }
}

at::Tensor KeyCosine::cosine() const {
  std::vector<at::Tensor> columns;
  for (const auto& parts : parts_) columns.push_back(joined(parts));
  return at::stack(columns, 1);
}

}  // namespace sinkscope::measure
