#pragma once

#include "sinkscope/model/attention.h"

namespace sinkscope::model {

/// True where blocked_attention runs: an AVX-512 machine, float32 or bfloat16, even head width.
bool can_block(const Heads&);

/// fused_attention on such a machine, with one block of scores in memory at a time.
Attended blocked_attention(const Heads&, const Asked&);

}  // namespace sinkscope::model
