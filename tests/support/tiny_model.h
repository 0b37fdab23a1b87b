#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "sinkscope/error.h"
#include "sinkscope/model/model.h"

namespace sinkscope::tests {

inline model::Config tiny_config() {
  model::Config c;
  c.model_type = "qwen3";
  c.vocab_size = 97;
  c.d_model = 40;
  c.n_layers = 3;
  c.n_heads = 6;
  c.n_kv_heads = 2;
  c.d_head = 16;
  c.d_mlp = 56;
  c.max_positions = 300;
  c.rms_norm_eps = 1e-6;
  c.tied = true;
  c.dtype = "float32";
  c.ropes[0].theta = 10000;
  c.qk_norm = true;
  return c;
}

/// Seeded weights lively enough that attention is far from uniform.
inline model::Model tiny_model(const model::Config& config = tiny_config(), uint64_t seed = 1,
                               at::ScalarType dtype = at::kFloat, at::Device device = at::kCPU) {
  auto generator = at::detail::createCPUGenerator(seed);
  model::Model::Weights weights;
  for (const auto& spec : model::tensor_specs(config)) {
    auto w = at::randn(spec.shape, generator, at::kFloat);
    if (spec.shape.size() == 1)
      w = 1 + 0.3 * w;
    else if (spec.site.role != model::Role::embed)
      w = w * (1.5 / std::sqrt(static_cast<double>(spec.shape[1])));
    weights[spec.site] = w.to(dtype).to(device);
  }
  return model::Model(config, std::move(weights), dtype);
}

inline at::Tensor tiny_ids(int64_t n, int64_t T, uint64_t seed = 3) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randint(0, tiny_config().vocab_size, {n, T}, generator, at::kLong);
}

/// One site's tensor of a run with these taps added to.
inline at::Tensor read_site(const model::Model& model, const at::Tensor& ids, const model::Site& site,
                            model::Taps taps) {
  at::Tensor seen;
  taps.read(site, [&](const at::Tensor& x) { seen = x.clone(); });
  model.forward(ids, taps);
  return seen;
}

inline at::Tensor read_site(const model::Model& model, const at::Tensor& ids, const model::Site& site) {
  return read_site(model, ids, site, model::Taps(model.config()));
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

/// Over the largest of `wanted`: where both are sums in float32 of numbers that were drawn, whose rounding a CPU
/// chooses.
inline double relative_difference(const at::Tensor& got, const at::Tensor& wanted) {
  return largest_difference(got, wanted) / wanted.abs().max().item<double>();
}

/// Expects InputError whose message holds every one of `parts`.
template <typename F>
void expect_input_error(F&& f, std::initializer_list<std::string> parts) {
  try {
    f();
    FAIL() << "expected an InputError";
  } catch (const InputError& e) {
    for (const auto& part : parts) EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

}  // namespace sinkscope::tests
