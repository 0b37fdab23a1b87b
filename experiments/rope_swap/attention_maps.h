#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/app/run.h"
#include "sinkscope/intervene/positions.h"

namespace sinkscope::experiments {

struct Head {
  int64_t layer, head;
};

/// "7:0,9:12" (layer:head), or none for "auto". Throws InputError out of range.
std::vector<Head> parse_heads(const std::string& list, const model::Config&);

/// Of an [L, H] score: the strongest head of the first, second and last third of the layers.
std::vector<Head> strongest_heads(const at::Tensor& score);

nlohmann::json to_json(const std::vector<Head>&);

/// Tokens of the pass that one call of head_maps makes.
int64_t map_tokens(const app::Run&, int64_t length);

/// Query × key attention of these heads, mean over the first batch's samples, first `length` queries and keys, under
/// these rotary positions: one [query][key] array a head.
nlohmann::json head_maps(app::Run&, const std::vector<Head>&, int64_t length, const intervene::Positions&);

}  // namespace sinkscope::experiments
