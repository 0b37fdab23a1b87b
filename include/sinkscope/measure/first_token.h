#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/model/config.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::measure {

/// Token 0's way through the model, a row per sample. It sees only itself, so its id alone decides, and T = 1 is
/// enough. The residual is read at L + 1 places: after the embedding, and after every block. Keys are after rotary.
class FirstTokenPath {
 public:
  explicit FirstTokenPath(const model::Config&);
  void attach(model::Taps&);

  at::Tensor norm() const;           ///< [samples, L + 1] float32: ‖x‖ of the residual
  at::Tensor max_abs() const;        ///< [samples, L + 1] float32: its largest |x|
  at::Tensor max_dimension() const;  ///< [samples, L + 1] int64: the dimension of that
  at::Tensor key_norm() const;       ///< [samples, L] float32: vector norm, mean over key heads
  at::Tensor value_norm() const;

  /// Means over samples, float64.
  at::Tensor mean() const;         ///< [L + 1, D] of x
  at::Tensor mean_abs() const;     ///< [L + 1, D] of |x|
  at::Tensor mean_square() const;  ///< [L + 1, D] of x²
  at::Tensor mean_key() const;     ///< [L, K, h]

 private:
  struct Residual {
    std::vector<at::Tensor> norm, max_abs, max_dimension;  // [n] a batch, on the run's device
    at::Tensor sum, abs_sum, square_sum;                   // [D] float64
  };
  struct Heads {
    std::vector<at::Tensor> key_norm, value_norm;  // [n] a batch
    at::Tensor key_sum;                            // [K, h] float64
  };
  void add(Residual&, const at::Tensor& x);  // x [n, T, D]

  std::vector<Residual> residual_;  // [L + 1]
  std::vector<Heads> heads_;        // [L]
  int64_t samples_ = 0;
};

/// Token 0's keys of a whole run, in memory, so that what compares them with their mean needs no second run.
class FirstTokenKeys {
 public:
  explicit FirstTokenKeys(const model::Config& config) : keys_(config.n_layers) {}
  void attach(model::Taps&);

  const std::vector<at::Tensor>& layer(size_t layer) const { return keys_[layer]; }  ///< [n, K, h] a batch

  static int64_t bytes(const model::Config&, int64_t samples);

 private:
  std::vector<std::vector<at::Tensor>> keys_;  // [layer][batch], float32 on the CPU
};

/// Cosine of token 0's key with one given key a head, mean over key heads; a key without length has cosine 0.
class KeyCosine {
 public:
  explicit KeyCosine(const at::Tensor& keys);  ///< [L, K, h]
  void attach(model::Taps&);                   ///< for a run of its own
  void add(const FirstTokenKeys&);             ///< of a run that kept its keys

  at::Tensor cosine() const;  ///< [samples, L] float32

 private:
  void add(size_t layer, const at::Tensor& keys);  // keys [n, K, h]

  at::Tensor keys_;
  std::vector<std::vector<at::Tensor>> parts_;  // [layer] of [n] a batch
};

}  // namespace sinkscope::measure
