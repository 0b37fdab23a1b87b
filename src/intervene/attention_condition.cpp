#include "sinkscope/intervene/attention_condition.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::intervene {
namespace {

std::vector<model::Edge> parse_edges(const std::string& list, const std::string& what) {
  std::vector<model::Edge> edges;
  for (const auto& part : split(list, ',')) {
    const auto ends = split(part, '>');
    if (ends.size() != 2) throw InputError(fmt::format("{}: '{}' is not query>key", what, part));
    edges.push_back({parse_int(ends[0], what), parse_int(ends[1], what)});
  }
  if (edges.empty()) throw InputError(fmt::format("{}: an empty list; expected query>key", what));
  return edges;
}

std::string spell_edges(const std::vector<model::Edge>& edges) {
  std::vector<std::string> parts;
  for (const auto& edge : edges) parts.push_back(fmt::format("{}>{}", edge.query, edge.key));
  return fmt::format("{}", fmt::join(parts, ","));
}

void set_field(AttentionCondition& into, const std::string& key, const std::string& value) {
  const std::string what = "--self-only " + key;
  if (key == "layers") {
    into.layers = parse_int_list(value, what);
  } else if (key == "tokens" && value == "all") {
    into.change.all_self_only = true;
  } else if (key == "tokens") {
    into.change.self_only = parse_int_list(value, what);
  } else if (key == "block") {
    into.change.blocked = parse_edges(value, what);
  } else if (key == "allow") {
    into.change.allowed = parse_edges(value, what);
  } else if (key == "cut") {
    into.change.cut = parse_int(value, what);
  } else {
    throw InputError(fmt::format("--self-only: no field is named '{}'; the nearest is '{}'", key,
                                 nearest(key, {"layers", "tokens", "block", "allow", "cut"})));
  }
}

}  // namespace

AttentionCondition self_only(std::vector<int64_t> tokens, std::vector<int64_t> layers) {
  AttentionCondition made;
  made.change.self_only = std::move(tokens);
  made.layers = std::move(layers);
  return made;
}

AttentionCondition all_self_only(std::vector<int64_t> layers) {
  AttentionCondition made;
  made.change.all_self_only = true;
  made.layers = std::move(layers);
  return made;
}

AttentionCondition not_self(const std::vector<int64_t>& tokens, std::vector<int64_t> layers) {
  AttentionCondition made;
  for (const int64_t token : tokens) {
    if (token == 0) throw InputError("token 0 sees only itself: without that it would see no key at all");
    made.change.blocked.push_back({token, token});
  }
  made.layers = std::move(layers);
  return made;
}

AttentionCondition sees_only(int64_t query, const std::vector<int64_t>& seen, std::vector<int64_t> layers) {
  AttentionCondition made;
  for (int64_t key = 0; key <= query; ++key) {
    if (std::find(seen.begin(), seen.end(), key) == seen.end()) made.change.blocked.push_back({query, key});
  }
  made.layers = std::move(layers);
  return made;
}

AttentionCondition parse_condition(const std::string& text) {
  AttentionCondition parsed;
  for (const auto& field : split(text, ';')) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos) throw InputError(fmt::format("--self-only: '{}' is not field=value", field));
    set_field(parsed, field.substr(0, equals), field.substr(equals + 1));
  }
  if (!parsed.change.any()) throw InputError(fmt::format("--self-only '{}' changes nothing", text));
  return parsed;
}

std::string spell(const AttentionCondition& condition) {
  std::vector<std::string> fields;
  const auto& change = condition.change;
  if (!condition.layers.empty()) fields.push_back("layers=" + sinkscope::spell(condition.layers));
  if (change.all_self_only) fields.push_back("tokens=all");
  if (!change.self_only.empty()) fields.push_back("tokens=" + sinkscope::spell(change.self_only));
  if (!change.blocked.empty()) fields.push_back("block=" + spell_edges(change.blocked));
  if (!change.allowed.empty()) fields.push_back("allow=" + spell_edges(change.allowed));
  if (change.cut) fields.push_back(fmt::format("cut={}", *change.cut));
  return change.any() ? fmt::format("{}", fmt::join(fields, ";")) : std::string();
}

std::optional<AttentionCondition> at_other_token(const AttentionCondition& condition, int64_t token) {
  const auto& change = condition.change;
  if (change.self_only.size() != 1 || change.all_self_only || change.needs_mask()) return std::nullopt;
  return self_only({token}, condition.layers);
}

}  // namespace sinkscope::intervene
