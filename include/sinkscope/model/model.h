#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sinkscope/model/block.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/config.h"
#include "sinkscope/model/pass_cache.h"
#include "sinkscope/model/rotary.h"
#include "sinkscope/model/taps.h"
#include "sinkscope/model/weights.h"

namespace sinkscope::model {

class Residual;

/// The norm through which what the residual holds is read next.
struct Reader {
  Site site;    ///< where the residual can be seen as it reads it: attn_in or mlp_in, its last resid_post for ln_final
  Site normed;  ///< its output: ln1, ln2 or ln_final
  Norm norm;    ///< may be absent (norm.h); its weight is the gain [d]
};

/// How a model's weights come, where they are not all there from the beginning. `place` gives one that is needed next,
/// from what the map holds of it: a GPU then holds those of one product as they are stored, not all. `taken` hears of
/// every product's weight of which the model has its own copy by then.
struct Loading {
  std::function<at::Tensor(const at::Tensor&)> place = {};
  std::function<void(const WeightSite&)> taken = {};
};

/// A decoder of the families that Config describes: the equations of transformers' modeling_qwen3 (qwen2, llama,
/// mistral), in their order and roundings.
class Model {
 public:
  using Weights = std::map<WeightSite, at::Tensor>;

  /// All of tensor_specs(), on one device once they are placed; `dtype` is the run's (dtype.h).
  Model(const Config&, Weights, at::ScalarType dtype, const Loading& = {});

  /// Embedding and norms stay in the mapped file where device and dtype are the checkpoint's own. `progress` gets the
  /// share done.
  static Model load(const Checkpoint&, at::Device, at::ScalarType, const std::function<void(double)>& progress = {});

  /// Runs ids [n, T] int64 as far as something is wanted. Everything comes out through the taps.
  void forward(const at::Tensor& ids, Taps& taps) const;

  /// Goes on from what an earlier pass kept (pass_cache.h). Sites before the start are not reached.
  void resume(const Start&, Taps&) const;

  /// Next-token logits [.., V] of final-norm outputs [.., d].
  at::Tensor unembed(const at::Tensor& x) const;

  const Config& config() const { return config_; }
  const Block& block(int64_t layer) const { return blocks_[layer]; }
  at::Device device() const { return embed_.device(); }
  /// Of all that comes out of the taps.
  at::ScalarType dtype() const { return embed_.scalar_type(); }

  /// The next reader of what is at a site of the residual (embed, resid_pre, attn_in, resid_mid, mlp_in,
  /// resid_post) or is added to it (attn_out, mlp_out), and of a norm's own output the norm; none at other sites.
  std::optional<Reader> reader_of(const Site&) const;

 private:
  bool run_attention(Residual&, int64_t layer, Rotary&, Taps&, at::Tensor attn_out) const;
  bool run_mlp(Residual&, int64_t layer, Taps&, at::Tensor mlp_out) const;
  void run_blocks(Residual&, int64_t layer, Rotary&, Taps&) const;

  Config config_;
  std::vector<Block> blocks_;
  at::Tensor embed_;
  Norm ln_final_;
  at::Tensor unembed_;
};

/// Throws InputError for ids that the embedding does not have and samples longer than the positions.
void check_ids(const at::Tensor& ids, const Config&);

}  // namespace sinkscope::model
