#pragma once

#include <ATen/ATen.h>

#include <limits>

#include "grid.h"

namespace sinkscope::tests {

/// How rows lie in memory, in elements.
struct Layout {
  int64_t gap = 0;    // between one and the next
  int64_t shift = 0;  // of the first, from an address at which a kernel may read 16 bytes at once
};

/// Rows [rows, width] for a kernel, with memory before, between and after them that is no part of them.
class Guarded {
 public:
  Guarded(int64_t rows, int64_t width, at::ScalarType dtype, Layout layout)
      : memory_(at::empty({kBorder + layout.shift + rows * (width + layout.gap) + kBorder}, dtype)),
        rows_(memory_.as_strided({rows, width}, {width + layout.gap, 1}, kBorder + layout.shift)) {}

  const at::Tensor& rows() const { return rows_; }
  int64_t stride() const { return rows_.stride(0); }

 protected:
  static constexpr int64_t kBorder = 64;  // elements; libtorch aligns memory to as many bytes

  at::Tensor memory_, rows_;
};

/// Rows that a kernel reads, by __ldg too. What is beside them is so large that a result shows it.
class Input : public Guarded {
 public:
  explicit Input(const at::Tensor& rows, Layout layout = {})
      : Guarded(rows.size(0), rows.size(1), rows.scalar_type(), layout),
        constant_(memory_.const_data_ptr(), memory_.nbytes()) {
    memory_.fill_(1e30);
    rows_.copy_(rows);
  }
  const void* data() const { return rows_.const_data_ptr(); }

 private:
  cuda_on_cpu::Constant constant_;
};

/// Rows that a kernel writes: NaN before, and so is what is beside them.
class Output : public Guarded {
 public:
  Output(int64_t rows, int64_t width, at::ScalarType dtype, Layout layout = {}) : Guarded(rows, width, dtype, layout) {
    fill_with_nan(memory_);
  }
  void* data() const { return rows_.mutable_data_ptr(); }

  /// Whether all of them were written and nothing beside them.
  bool is_filled() const {
    if (is_nan(rows_).any().item<bool>()) return false;
    const auto copy = memory_.clone();
    fill_with_nan(copy.as_strided(rows_.sizes(), rows_.strides(), rows_.storage_offset()));
    return is_nan(copy).all().item<bool>();
  }

 private:
  static constexpr int kNanOfFloat8 = 0x7f;  // float8 is held as bytes

  static void fill_with_nan(const at::Tensor& x) {
    x.scalar_type() == at::kByte ? x.fill_(kNanOfFloat8) : x.fill_(std::numeric_limits<double>::quiet_NaN());
  }
  static at::Tensor is_nan(const at::Tensor& x) {
    return x.scalar_type() == at::kByte ? x.eq(kNanOfFloat8) : x.isnan();
  }
};

}  // namespace sinkscope::tests
