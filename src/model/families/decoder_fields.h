#pragma once

#include "model/strict_json.h"
#include "sinkscope/model/config.h"

namespace sinkscope::model {

/// An activation as `hidden_act` spells it.
std::string spelled(Activation);

/// What every family spells alike: sizes, norm, activation, dtype, rotary. Refuses by name what no forward pass here
/// does. The head's width is left to head_width().
Config read_decoder(const Fields&);

/// `rope_parameters` (transformers 5) or `rope_theta` with `rope_scaling` (before it). `default_theta` stands for an
/// absent one; 0: it must be there.
RopeConfig read_rope(const Fields&, const Config&, double default_theta = 0);

/// `head_dim`, which must be there.
int64_t head_width(const Fields&);

/// `head_dim`, or hidden_size / num_attention_heads where the config has none.
int64_t head_width_or_ratio(const Fields&, const Config&);

/// Refuses a field that is true: `what` is not supported.
void refuse_true(const Fields&, const std::string& key, const std::string& what);

}  // namespace sinkscope::model
