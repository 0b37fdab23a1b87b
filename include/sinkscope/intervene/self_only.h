#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sinkscope/model/attention_change.h"

namespace sinkscope::intervene {

/// A change of attention and the layers that it holds in (empty: all).
struct LayeredChange {
  model::AttentionChange change;
  std::vector<int64_t> layers;
};

/// These tokens attend only to themselves in these layers.
LayeredChange self_only(std::vector<int64_t> tokens, std::vector<int64_t> layers);

/// The control: these tokens may not attend to themselves. Token 0 has nothing else to see and is refused.
LayeredChange not_self(const std::vector<int64_t>& tokens, std::vector<int64_t> layers);

/// "layers=0-1;tokens=1,4". Fields, in any order: layers (default all), tokens (or `all`), block=4>0,5>0 (query>key),
/// allow=0>3, cut=10 (rows from 10 on lose the keys before 10). Throws InputError.
LayeredChange parse_self_only(const std::string& spec);

/// The same condition of another token, where it is that one token sees only itself; otherwise empty.
std::string at_other_token(const std::string& spec, int64_t token);

}  // namespace sinkscope::intervene
