// What the kernels between the matrix products cost on a GPU, at Qwen3-8B's widths: microseconds a call, the bytes per
// second that a call must move, and their share of what a copy on the device moves: 1 is a kernel at the memory's rate,
// attention's own products aside. Prints one JSON object a line.

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/model/attention.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/row_ops.h"

namespace {

namespace model = sinkscope::model;

constexpr int64_t kWidth = 4096, kHeads = 32, kKeyHeads = 8, kHead = 128, kNeurons = 12288;
constexpr int kCalls = 50;

/// Of `tokens` tokens; the first call measures the copy that the others are held against.
class Bench {
 public:
  explicit Bench(int64_t tokens) : tokens_(tokens) {}

  void measure(const char* name, double bytes, const std::function<void()>& call) {
    for (int i = 0; i < 3; ++i) call();
    const auto device = c10::Device(c10::kCUDA, 0);
    model::synchronize(device);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kCalls; ++i) call();
    model::synchronize(device);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / kCalls;
    const double rate = bytes / taken;
    if (copy_rate_ == 0) copy_rate_ = rate;
    std::cout << nlohmann::ordered_json{{"kernel", name},
                                        {"tokens", tokens_},
                                        {"us", taken * 1e6},
                                        {"gb_per_s", rate * 1e-9},
                                        {"of_copy", rate / copy_rate_}}
              << std::endl;
  }

 private:
  int64_t tokens_;
  double copy_rate_ = 0;
};

at::Tensor random(at::IntArrayRef sizes) {
  return at::randn(sizes, at::TensorOptions(at::kBFloat16).device(at::kCUDA));
}

void measure_attention(Bench& bench, int64_t n, int64_t length) {
  const double row = static_cast<double>(n * length * kHeads * kHead) * 2;
  const auto qkv = random({n, length, (kHeads + 2 * kKeyHeads) * kHead});
  const auto q = qkv.slice(-1, 0, kHeads * kHead).unflatten(-1, {-1, kHead}), norm = random({kHead});
  const auto k = qkv.slice(-1, kHeads * kHead, (kHeads + kKeyHeads) * kHead).unflatten(-1, {-1, kHead});
  const auto v = qkv.slice(-1, (kHeads + kKeyHeads) * kHead).unflatten(-1, {-1, kHead});
  const model::RotaryTable table{random({length, kHead}), random({length, kHead})};
  bench.measure("rms_norm_rotate", 2 * row, [&] { model::rms_norm_rotate(q, norm, 1e-6, table); });
  const model::Heads heads{model::rms_norm_rotate(q, norm, 1e-6, table), model::rms_norm_rotate(k, norm, 1e-6, table),
                           v};
  bench.measure("attention", row * 2.5, [&] { model::library_attention(heads, {}); });
  const auto lse = model::library_attention(heads, {}).lse;
  const auto keys = at::tensor({0}, at::kLong).to(at::kCUDA);
  bench.measure("columns", row, [&] { model::cuda_columns(heads.q, heads.k, lse, keys, heads.scale()); });
  bench.measure("attention, columns", row * 3.5, [&] { model::library_attention(heads, {.keys = {0}}); });
}

void measure_all(int64_t n, int64_t length) {
  const int64_t tokens = n * length;
  const double row = static_cast<double>(tokens * kWidth) * 2, neurons = static_cast<double>(tokens * kNeurons) * 2;
  Bench bench(tokens);
  const auto x = random({n, length, kWidth}), y = random({n, length, kWidth}), w = random({kWidth});
  auto into = at::empty_like(x);
  bench.measure("copy", 2 * row, [&] { into.copy_(x); });
  bench.measure("add_rms_norm", 4 * row, [&] { model::add_rms_norm(x, y, w, 1e-6); });
  measure_attention(bench, n, length);

  const auto gate_up = random({n, length, 2 * kNeurons}).split(kNeurons, -1);
  bench.measure("swiglu", 3 * neurons, [&] { model::swiglu(gate_up[0], gate_up[1]); });
  const auto rows = x.flatten(0, 1), many = random({tokens, kNeurons});
  bench.measure("float8_rows", 1.5 * row, [&] { model::float8_rows(rows); });
  bench.measure("float8_rows of neurons", 1.5 * neurons, [&] { model::float8_rows(many); });
}

}  // namespace

int main() {
  const c10::InferenceMode no_autograd;
  try {
    model::open_device("cuda");
  } catch (const sinkscope::InputError& e) {
    std::cerr << "gpu_kernels: " << e.what() << '\n';
    return 2;
  }
  measure_all(64, 32);
  measure_all(32, 512);
}
