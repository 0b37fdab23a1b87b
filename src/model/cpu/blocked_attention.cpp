// Causal attention on a CPU: blocks of queries against the keys up to the block's end, scores in float32, and the
// attention columns on the way. The products are oneDNN's block products (brgemm) as ATen exports them.

#include "model/cpu/blocked_attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "model/cpu/row_kernels.h"

namespace sinkscope::model {
namespace {

namespace blas = at::native::cpublas;

constexpr int64_t kBlock = 64;  // queries: 32 to 128 were tried, 64 was best or near it at 32 to 512 tokens

template <typename T>
class BlockedAttention {
  static constexpr bool kHalf = std::is_same_v<T, c10::BFloat16>;
  using Bits = std::conditional_t<kHalf, uint16_t, float>;

 public:
  BlockedAttention(const Heads& heads, const Asked& asked)
      : q_(heads.q),
        k_(heads.k),
        v_(heads.v),
        keys_(asked.keys),
        mixed_(asked.mixed),
        T_(q_.size(1)),
        h_(q_.size(3)),
        heads_(q_.size(2)),
        key_heads_(k_.size(2)),
        scale_(1.0f / std::sqrt(static_cast<float>(heads.width_of_scores()))) {
    out_.lse = at::empty({q_.size(0), heads_, T_}, q_.options().dtype(at::kFloat));
    if (mixed_) out_.z = at::empty(q_.sizes(), q_.options());
    out_.columns =
        at::empty({q_.size(0), heads_, T_, static_cast<int64_t>(keys_.size())}, q_.options().dtype(at::kFloat));
  }

  Attended run() {
    at::parallel_for(0, q_.size(0) * key_heads_, 1, [&](int64_t begin, int64_t end) {
      Buffers buffers(*this);
      for (int64_t i = begin; i < end; ++i) run_key_head(i / key_heads_, i % key_heads_, buffers);
      blas::brgemm_release(kHalf);
    });
    return out_;
  }

 private:
  /// What one thread needs; nothing of it grows with T x T.
  struct Buffers {
    explicit Buffers(const BlockedAttention& a)
        : even((a.T_ + 1) / 2 * 2),
          keys(a.h_ * a.T_ * sizeof(T) / 4),
          scores(kBlock * even),
          more_scores(kHalf ? 0 : kBlock * even),
          mixed(kBlock * a.h_),
          pattern(kHalf ? kBlock * even : 0),
          values(kHalf && a.mixed_ ? even * a.h_ : 0) {}
    int64_t even;                    // T, rounded up: bfloat16 products take keys in pairs
    std::vector<uint32_t> keys;      // a key head, transposed: [h, T], bfloat16 in pairs
    std::vector<float> scores;       // [kBlock, even]
    std::vector<float> more_scores;  // [kBlock, even], of the second half of the dimensions, where T is float
    std::vector<float> mixed;        // [kBlock, h]
    std::vector<Bits> pattern;       // [kBlock, even], where it is not the scores themselves
    std::vector<uint16_t> values;    // [even / 2, h, 2]
    SoftmaxKernels::Row rows[kBlock];
  };

  static const T* at_head(const at::Tensor& x, int64_t sample, int64_t head) {
    return x.const_data_ptr<T>() + sample * x.stride(0) + head * x.stride(2);
  }

  void run_key_head(int64_t sample, int64_t key_head, Buffers& b) {
    softmax_kernels().transpose(reinterpret_cast<const uint32_t*>(at_head(k_, sample, key_head)),
                                k_.stride(1) * static_cast<int64_t>(sizeof(T)) / 4, T_,
                                h_ * static_cast<int64_t>(sizeof(T)) / 4, b.keys.data());
    if constexpr (kHalf) {
      if (mixed_) {
        softmax_kernels().pair_rows(reinterpret_cast<const uint16_t*>(at_head(v_, sample, key_head)), v_.stride(1), T_,
                                    h_, b.values.data());
      }
    }
    const int64_t group = heads_ / key_heads_;
    for (int64_t head = key_head * group; head < (key_head + 1) * group; ++head) {
      for (int64_t first = 0; first < T_; first += kBlock) run_block(sample, head, first, b);
    }
  }

  void run_block(int64_t sample, int64_t head, int64_t first, Buffers& b) {
    const int64_t rows = std::min(kBlock, T_ - first), pairs = (first + rows + 1) / 2 * 2;
    make_scores(sample, head, first, rows, b);
    for (int64_t row = 0; row < rows; ++row) {
      float* scores = b.scores.data() + row * b.even;
      const int64_t seen = first + row + 1;
      b.rows[row] = softmax_kernels().exponentials(scores, seen, scale_);
      note_row((sample * heads_ + head) * T_ + first + row, seen, scores, b.rows[row]);
      if (mixed_) std::fill(scores + seen, scores + pairs, 0.0f);
    }
    if (mixed_) mix_block(sample, head, first, rows, pairs, b);
  }

  /// Rows against the keys up to the last row's. float32 products in two halves of the dimensions: Qwen2.5's biases
  /// make scores of thousands, and one sum of all products would round each of them at that size.
  void make_scores(int64_t sample, int64_t head, int64_t first, int64_t rows, Buffers& b) {
    const T* q = at_head(q_, sample, head) + first * q_.stride(1);
    const T* k = reinterpret_cast<const T*>(b.keys.data());
    const auto product = [&](int64_t from, int64_t dimensions, float* out) {
      blas::brgemm(rows, first + rows, dimensions, q_.stride(1), T_, b.even, /*add_C=*/false, q + from, k + from * T_,
                   out, kHalf);
    };
    if constexpr (kHalf) {
      product(0, h_, b.scores.data());
    } else {
      product(0, h_ / 2, b.scores.data());
      product(h_ / 2, h_ / 2, b.more_scores.data());
      for (int64_t row = 0; row < rows; ++row) {
        float* scores = b.scores.data() + row * b.even;
        row_kernels<float>().add(scores, b.more_scores.data() + row * b.even, first + row + 1, scores);
      }
    }
  }

  /// The row's log-sum-exp and its attention to the tracked keys; `exponentials` are its unscaled probabilities.
  void note_row(int64_t index, int64_t seen, const float* exponentials, const SoftmaxKernels::Row& row) {
    out_.lse.data_ptr<float>()[index] = row.largest * scale_ + std::log(row.sum);
    float* columns = out_.columns.data_ptr<float>() + index * static_cast<int64_t>(keys_.size());
    for (size_t i = 0; i < keys_.size(); ++i) columns[i] = keys_[i] < seen ? exponentials[keys_[i]] / row.sum : 0.0f;
  }

  void mix_block(int64_t sample, int64_t head, int64_t first, int64_t rows, int64_t pairs, Buffers& b) {
    if constexpr (kHalf) {
      for (int64_t row = 0; row < rows; ++row) {
        row_kernels<Bits>().scale(b.scores.data() + row * b.even, 1.0f, pairs, b.pattern.data() + row * b.even);
      }
      blas::brgemm(rows, h_, pairs, b.even, h_, h_, /*add_C=*/false, reinterpret_cast<const T*>(b.pattern.data()),
                   reinterpret_cast<const T*>(b.values.data()), b.mixed.data(), /*is_vnni=*/true);
    } else {
      blas::brgemm(rows, h_, first + rows, b.even, v_.stride(1), h_, /*add_C=*/false, b.scores.data(),
                   at_head(v_, sample, head / (heads_ / key_heads_)), b.mixed.data(), /*is_vnni=*/false);
    }
    T* z = out_.z.template data_ptr<T>() + ((sample * T_ + first) * heads_ + head) * h_;
    for (int64_t row = 0; row < rows; ++row) {
      row_kernels<Bits>().scale(b.mixed.data() + row * h_, 1.0f / b.rows[row].sum, h_,
                                reinterpret_cast<Bits*>(z + row * heads_ * h_));
    }
  }

  at::Tensor q_, k_, v_;
  const std::vector<int64_t>& keys_;
  bool mixed_;
  int64_t T_, h_, heads_, key_heads_;
  float scale_;
  Attended out_;
};

/// Head vectors without gaps, and for bfloat16 at an even place, as the transpose of pairs wants.
at::Tensor laid_out(const at::Tensor& x) {
  const bool good = x.stride(3) == 1 && x.stride(0) % 2 == 0 && x.stride(1) % 2 == 0 && x.stride(2) % 2 == 0 &&
                    x.storage_offset() % 2 == 0;
  return good ? x : x.contiguous();
}

}  // namespace

bool can_block(const Heads& heads) {
  return has_avx512() && heads.q.is_cpu() && heads.q.size(3) % 2 == 0 &&
         (heads.q.scalar_type() == at::kFloat || (heads.q.scalar_type() == at::kBFloat16 && has_avx512_bf16()));
}

Attended blocked_attention(const Heads& heads, const Asked& asked) {
  const Heads laid{laid_out(heads.q), laid_out(heads.k), asked.mixed ? laid_out(heads.v) : at::Tensor(),
                   heads.score_width};
  if (heads.q.scalar_type() == at::kFloat) return BlockedAttention<float>(laid, asked).run();
  return BlockedAttention<c10::BFloat16>(laid, asked).run();
}

}  // namespace sinkscope::model
