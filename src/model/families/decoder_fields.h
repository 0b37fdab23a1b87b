#pragma once

#include "model/strict_json.h"
#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// An activation as `hidden_act` spells it.
std::string spelled(Activation);

/// What every family spells alike: sizes, norm, activation, dtype. Refuses by name what no forward pass here
/// does. The head's width is left to head_width().
Config read_decoder(const Fields&);

/// `rope_scaling` or `rope_parameters`, with `rope_theta` in it or beside it (rope_fields.cpp).
RopeConfig read_rope(const Fields&, const Config&, double default_theta = 10000);

/// The window on the layers that `layer_types` names, or, without that key, on those from `first` on. One LayerConfig
/// where all layers are alike.
std::vector<LayerConfig> read_layers(const Fields&, const Config&, int64_t window, int64_t first);

/// The same of Qwen2 and Qwen3: `sliding_window` counts where `use_sliding_window` is true, from `max_window_layers`
/// on.
std::vector<LayerConfig> read_qwen_layers(const Fields&, const Config&);

/// `head_dim`, which must be there.
int64_t head_width(const Fields&);

/// `head_dim`, or hidden_size / num_attention_heads, rounded down, where the config has none.
int64_t head_width_or_ratio(const Fields&, const Config&);

/// Refuses a field that is true: `what` is not supported.
void refuse_true(const Fields&, const std::string& key, const std::string& what);

}  // namespace sinkscope::model
