// What the kernels between the matrix products cost on a GPU, at Qwen3-8B's widths: seconds a call and the bytes that a
// call must move, per second, beside those of a copy on the device. Prints one JSON object a line.

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "sinkscope/model/attention.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/row_ops.h"

namespace {

namespace model = sinkscope::model;

constexpr int64_t kWidth = 4096, kHeads = 32, kKeyHeads = 8, kHead = 128, kNeurons = 12288;
constexpr int kCalls = 50;

void measure(const char* name, int64_t tokens, double bytes, const std::function<void()>& call) {
  for (int i = 0; i < 3; ++i) call();
  const auto device = c10::Device(c10::kCUDA, 0);
  model::synchronize(device);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) call();
  model::synchronize(device);
  const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / kCalls;
  std::cout << nlohmann::json{{"kernel", name},
                              {"tokens", tokens},
                              {"us", taken * 1e6},
                              {"gb_per_s", bytes / taken * 1e-9}}
            << std::endl;
}

void measure_all(int64_t tokens, int64_t length) {
  const auto options = at::TensorOptions(at::kBFloat16).device(at::kCUDA);
  const auto random = [&](at::IntArrayRef sizes) { return at::randn(sizes, options); };
  const int64_t n = tokens / length;
  const double row = static_cast<double>(tokens * kWidth) * 2, neurons = static_cast<double>(tokens * kNeurons) * 2;
  const auto x = random({n, length, kWidth}), y = random({n, length, kWidth}), w = random({kWidth});
  auto into = at::empty_like(x);
  measure("copy", tokens, 2 * row, [&] { into.copy_(x); });
  measure("add_rms_norm", tokens, 4 * row, [&] { model::add_rms_norm(x, y, w, 1e-6); });

  const auto qkv = random({n, length, (kHeads + 2 * kKeyHeads) * kHead});
  const auto q = qkv.slice(-1, 0, kHeads * kHead).unflatten(-1, {-1, kHead}), norm = random({kHead});
  const auto k = qkv.slice(-1, kHeads * kHead, (kHeads + kKeyHeads) * kHead).unflatten(-1, {-1, kHead});
  const auto v = qkv.slice(-1, (kHeads + kKeyHeads) * kHead).unflatten(-1, {-1, kHead});
  const model::RotaryTable table{random({length, kHead}), random({length, kHead})};
  measure("rms_norm_rotate", tokens, 2 * row, [&] { model::rms_norm_rotate(q, norm, 1e-6, table); });
  const model::Heads heads{model::rms_norm_rotate(q, norm, 1e-6, table), model::rms_norm_rotate(k, norm, 1e-6, table),
                           v};
  measure("attention", tokens, row * 2.5, [&] { model::library_attention(heads, {}, true); });
  const auto lse = model::library_attention(heads, {}, true).lse;
  const auto keys = at::tensor({0}, at::kLong).to(at::kCUDA);
  measure("columns", tokens, row, [&] { model::cuda_columns(heads.q, heads.k, lse, keys); });
  measure("attention, columns", tokens, row * 3.5, [&] { model::library_attention(heads, {0}, true); });

  const auto gate_up = random({n, length, 2 * kNeurons}).split(kNeurons, -1);
  measure("swiglu", tokens, 3 * neurons, [&] { model::swiglu(gate_up[0], gate_up[1]); });
  const auto rows = x.flatten(0, 1), many = random({tokens, kNeurons});
  measure("float8_rows", tokens, 1.5 * row, [&] { model::float8_rows(rows); });
  measure("float8_rows of neurons", tokens, 1.5 * neurons, [&] { model::float8_rows(many); });
}

}  // namespace

int main() {
  const c10::InferenceMode no_autograd;
  model::open_device("cuda");
  measure_all(2048, 32);
  measure_all(16384, 512);
}
