#include "sinkscope/model/attention_change.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

void check_token(int64_t token, int64_t T, int64_t layer) {
  if (token < 0 || token >= T) {
    throw InputError(fmt::format("attention change in layer {}: token {} of samples with {} tokens (0 to {})", layer,
                                 token, T, T - 1));
  }
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void AttentionChange::merge(const AttentionChange& other) {
  all_self_only |= other.all_self_only;
  append(self_only, other.self_only);
  append(blocked, other.blocked);
  append(allowed, other.allowed);
  if (other.cut) cut = cut ? std::max(*cut, *other.cut) : *other.cut;
}

void check_tokens(const AttentionChange& change, int64_t T, int64_t layer) {
  for (const int64_t token : change.self_only) check_token(token, T, layer);
  for (const auto* edges : {&change.blocked, &change.allowed}) {
    for (const auto& edge : *edges) {
      check_token(edge.query, T, layer);
      check_token(edge.key, T, layer);
    }
  }
  if (change.cut) check_token(*change.cut, T, layer);
}

at::Tensor visible_keys(const AttentionChange& change, int64_t T, int64_t layer, int64_t window) {
  check_tokens(change, T, layer);
  const auto own = at::eye(T, at::kBool);
  auto seen = change.all_self_only ? own.clone() : at::ones({T, T}, at::kBool).tril();
  if (window > 0) seen = seen.triu(1 - window);
  for (const int64_t row : change.self_only) seen[row].copy_(own[row]);
  for (const auto& edge : change.allowed) seen[edge.query][edge.key].fill_(true);
  for (const auto& edge : change.blocked) seen[edge.query][edge.key].fill_(false);
  if (change.cut) seen.slice(0, *change.cut).slice(1, 0, *change.cut).fill_(false);
  const auto empty = seen.any(1).logical_not().nonzero();
  if (empty.size(0) > 0) {
    throw InputError(
        fmt::format("attention change in layer {}: token {} would see no key at all", layer, empty[0].item<int64_t>()));
  }
  return seen;
}

}  // namespace sinkscope::model
