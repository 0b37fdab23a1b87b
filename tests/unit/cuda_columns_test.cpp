// The CUDA kernel of attention's columns, run on a CPU, against its twin: indices and arithmetic, not the hardware.

#include <vector>

#include "model/cuda/columns.cuh"
#include "sinkscope/model/attention.h"
#include "tests/support/guarded.h"
#include "tests/support/kernel_twins.h"

namespace sinkscope::tests {
namespace {

HeadStrides strides_of(const at::Tensor& x) {
  return {x.stride(0), x.stride(1), x.stride(2)};
}

at::Tensor log_sum_exp(const model::Heads& heads) {
  const int64_t T = heads.q.size(1);
  return model::attention_scores(heads, at::ones({T, T}, at::kBool).tril()).logsumexp(-1).contiguous();
}

void check_columns(const model::Heads& heads, const std::vector<int64_t>& keys) {
  const auto &q = heads.q, &k = heads.k;
  const int64_t n = q.size(0), T = q.size(1), H = q.size(2), n_keys = static_cast<int64_t>(keys.size());
  const auto lse = log_sum_exp(heads);
  const Output out(n * H * T, n_keys, at::kFloat);
  launch_columns(q.const_data_ptr(), strides_of(q), k.const_data_ptr(), strides_of(k), element_of(q.scalar_type()),
                 lse.const_data_ptr<float>(), keys.data(), static_cast<float*>(out.data()), n, T, H, H / k.size(2),
                 q.size(3), n_keys, static_cast<float>(heads.scale()), nullptr);
  EXPECT_TRUE(out.is_filled());
  const auto wanted = model::attention_columns_by_products(heads, lse, at::tensor(keys, at::kLong));
  EXPECT_LE((out.rows().view(wanted.sizes()) - wanted).abs().max().item<double>(), 2e-6);  // shares of 1
}

struct Shape {
  int64_t n, T, key_heads, group;
};

/// In no order, and one of them twice.
std::vector<int64_t> keys_among(int64_t T) {
  return {T - 1, 0, T / 2, 0};
}

/// Parts of one product: tokens follow each other a row of q, k and v apart.
void check_parts(const Shape& s, int64_t d_head, at::ScalarType dtype, Layout layout) {
  const int64_t H = s.key_heads * s.group, width = (H + 2 * s.key_heads) * d_head;
  const Input product(noise({s.n * s.T, width}, dtype, 1), layout);
  const auto tokens = product.rows().unflatten(0, {s.n, s.T});
  const auto q = tokens.slice(-1, 0, H * d_head).unflatten(-1, {H, d_head});
  const auto k = tokens.slice(-1, H * d_head, (H + s.key_heads) * d_head).unflatten(-1, {s.key_heads, d_head});
  check_columns({.q = q, .k = k, .v = k}, keys_among(s.T));
}

/// What lies between one and the next beside what has to, in elements, and before the first.
struct Apart {
  int64_t sample = 0, head = 0, token = 0, shift = 0;
};

/// x [n, T, heads, d_head] with the tokens of a head in a row.
class HeadsFirst {
 public:
  HeadsFirst(const at::Tensor& x, const Apart& apart)
      : token_(x.size(3) + apart.token),
        head_(x.size(1) * token_ + apart.head),
        sample_(x.size(2) * head_ + apart.sample),
        memory_(at::full({1, x.size(0) * sample_}, 1e30, x.scalar_type()), {0, apart.shift}),
        view_(memory_.rows().as_strided(x.sizes(), {sample_, token_, head_, 1})) {
    view_.copy_(x);
  }
  const at::Tensor& view() const { return view_; }

 private:
  int64_t token_, head_, sample_;
  Input memory_;
  at::Tensor view_;
};

void check_heads_first(const Shape& s, int64_t d_head, at::ScalarType dtype, const Apart& of_q, const Apart& of_k) {
  const HeadsFirst q(noise({s.n, s.T, s.key_heads * s.group, d_head}, dtype, 2), of_q),
      k(noise({s.n, s.T, s.key_heads, d_head}, dtype, 3), of_k);
  check_columns({.q = q.view(), .k = k.view(), .v = k.view()}, keys_among(s.T));
}

void check_layouts(const Shape& s, int64_t d_head, at::ScalarType dtype) {
  SCOPED_TRACE(testing::Message() << dtype << " n " << s.n << ", T " << s.T << ", key heads " << s.key_heads
                                  << ", group " << s.group << ", d_head " << d_head);
  for (const int64_t gap : {0, 3, 4, 8}) check_parts(s, d_head, dtype, {gap, 0});
  const Apart one_more[] = {{.sample = 1}, {.head = 1}, {.token = 1}, {.token = 4}, {.shift = 1}, {.shift = 4}};
  for (const Apart& apart : one_more) {
    check_heads_first(s, d_head, dtype, apart, {});
    check_heads_first(s, d_head, dtype, {}, apart);
  }
  const Apart up_to_a_pack{.token = (8 - d_head % 8) % 8};  // every stride is one of packs, the width may be none
  check_heads_first(s, d_head, dtype, up_to_a_pack, up_to_a_pack);
}

TEST_F(CudaKernels, ColumnsAgreeWithTheirTwin) {
  cuda_on_cpu::kernels_launched().clear();
  for (const auto dtype : kKernelTypes) {
    for (const int64_t d_head : {1, 2, 6, 8, 20, 24, 40, 64, 65}) {
      for (const Shape& s : {Shape{1, 1, 1, 1}, {1, 35, 1, 1}, {2, 3, 2, 3}, {1, 2, 4, 6}}) {
        check_layouts(s, d_head, dtype);
        if (testing::Test::HasFailure()) return;
      }
    }
    for (const int64_t d_head : {128, 130, 256, 260, 512, 520}) check_layouts({2, 3, 2, 2}, d_head, dtype);
  }
  // 8 and 32 lanes; packs of 4, 1 of float32, of 8, 4, 1 of bfloat16
  EXPECT_EQ(cuda_on_cpu::kernels_launched().size(), 10u);
}

}  // namespace
}  // namespace sinkscope::tests
