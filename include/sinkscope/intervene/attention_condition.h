#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/model/attention_change.h"

namespace sinkscope::intervene {

/// A change of attention and the layers that it holds in (empty: all). By default none.
struct AttentionCondition {
  model::AttentionChange change = {};
  std::vector<int64_t> layers = {};
  bool any() const { return change.any(); }
};

/// These tokens attend only to themselves in these layers.
AttentionCondition self_only(std::vector<int64_t> tokens, std::vector<int64_t> layers);

/// Every token does.
AttentionCondition all_self_only(std::vector<int64_t> layers);

/// The control: these tokens may not attend to themselves. Token 0 has nothing else to see and is refused.
AttentionCondition not_self(const std::vector<int64_t>& tokens, std::vector<int64_t> layers);

/// Of the keys up to itself, token `query` attends only to those in `seen`.
AttentionCondition sees_only(int64_t query, const std::vector<int64_t>& seen, std::vector<int64_t> layers);

/// "layers=0-1;tokens=1,4". Fields, in any order: layers (default all), tokens (or `all`), block=4>0,5>0 (query>key),
/// allow=0>3, cut=10 (rows from 10 on lose the keys before 10). Throws InputError.
AttentionCondition parse_condition(const std::string& text);

/// What parse_condition reads as this condition; empty where nothing is changed.
std::string spell(const AttentionCondition&);

/// The same condition of another token, where it is that one token sees only itself.
std::optional<AttentionCondition> at_other_token(const AttentionCondition&, int64_t token);

}  // namespace sinkscope::intervene
