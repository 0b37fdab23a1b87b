// Weights, each by its role, to the blocks that the forward pass reads.

#include <fmt/format.h>

#include <stdexcept>

#include "sinkscope/model/dtype.h"
#include "sinkscope/model/model.h"

namespace sinkscope::model {
namespace {

/// Exactly those of the config's table.
void check_weights(const Config& config, const Model::Weights& weights) {
  const auto specs = tensor_specs(config);
  for (const auto& spec : specs) {
    const auto found = weights.find(spec.site);
    if (found == weights.end()) throw std::logic_error(fmt::format("the model has no weight '{}'", spec.name));
    if (found->second.sizes() != spec.shape) {
      throw std::logic_error(fmt::format("weight '{}' is not of the config's shape", spec.name));
    }
  }
  if (weights.size() != specs.size()) throw std::logic_error("weights that the config's table does not have");
}

/// Takes weights out of their map, so that each lives no longer than it is needed.
class Builder {
 public:
  Builder(const Config& config, Model::Weights weights, at::ScalarType dtype, const Loading& loading)
      : config_(config), weights_(std::move(weights)), dtype_(dtype), loading_(loading) {}

  /// Undefined where the family has none.
  at::Tensor take(Role role, int64_t layer = -1) {
    auto found = weights_.extract({role, layer});
    if (found.empty()) return {};
    return loading_.place ? loading_.place(found.mapped()) : std::move(found.mapped());
  }

  /// Of the run's activations: embedding, norms and head.
  at::Tensor take_kept(Role role, int64_t layer = -1) {
    const auto weight = take(role, layer);
    return weight.defined() ? weight.to(activation_dtype(dtype_)) : weight;
  }

  Norm norm(Role role, int64_t layer = -1) { return {take_kept(role, layer), config_.rms_norm_eps}; }

  Linear linear(const std::vector<Role>& roles, int64_t layer, const std::vector<Role>& bias_roles = {}) {
    std::vector<at::Tensor> given, biases;
    for (const Role role : roles) given.push_back(take(role, layer));
    for (const Role role : bias_roles) {
      if (auto bias = take(role, layer); bias.defined()) biases.push_back(std::move(bias));
    }
    Linear made(std::move(given), dtype_, biases);
    for (const Role role : roles) {
      if (loading_.taken && made.is_copy()) loading_.taken({role, layer});
    }
    return made;
  }

  Block block(int64_t layer) {
    return {.ln1 = norm(Role::ln1, layer),
            .ln1_post = norm(Role::ln1_post, layer),
            .ln2 = norm(Role::ln2, layer),
            .ln2_post = norm(Role::ln2_post, layer),
            .attn = {.qkv = linear({Role::q, Role::k, Role::v}, layer, {Role::q_bias, Role::k_bias, Role::v_bias}),
                     .q_norm = norm(Role::q_norm, layer),
                     .k_norm = norm(Role::k_norm, layer),
                     .o = linear({Role::o}, layer),
                     .layer_config = config_.layer(layer),
                     .d_head = config_.d_head,
                     .score_width = config_.score_width},
            .mlp = {.gate_up = linear({Role::gate, Role::up}, layer),
                    .down = linear({Role::down}, layer),
                    .activation = config_.activation}};
  }

 private:
  const Config& config_;
  Model::Weights weights_;
  at::ScalarType dtype_;
  const Loading& loading_;
};

}  // namespace

Model::Model(const Config& config, Weights weights, at::ScalarType dtype, const Loading& loading) : config_(config) {
  check_weights(config, weights);
  Builder builder(config, std::move(weights), dtype, loading);
  for (int64_t layer = 0; layer < config.n_layers; ++layer) blocks_.push_back(builder.block(layer));
  embed_ = builder.take_kept(Role::embed);
  ln_final_ = builder.norm(Role::ln_final);
  unembed_ = config.tied ? embed_ : builder.take_kept(Role::unembed);
}

}  // namespace sinkscope::model
