#include "sinkscope/intervene/self_only.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  if (edges.empty()) throw InputError(fmt::format("{}: an empty list; wanted query>key", what));
  return edges;
}

void set_field(LayeredChange& into, const std::string& key, const std::string& value) {
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

LayeredChange self_only(std::vector<int64_t> tokens, std::vector<int64_t> layers) {
  LayeredChange made;
  made.change.self_only = std::move(tokens);
  made.layers = std::move(layers);
  return made;
}

LayeredChange not_self(const std::vector<int64_t>& tokens, std::vector<int64_t> layers) {
  LayeredChange made;
  for (const int64_t token : tokens) {
    if (token == 0) throw InputError("token 0 sees only itself: without that it would see no key at all");
    made.change.blocked.push_back({token, token});
  }
  made.layers = std::move(layers);
  return made;
}

LayeredChange parse_self_only(const std::string& spec) {
  LayeredChange parsed;
  for (const auto& field : split(spec, ';')) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos) throw InputError(fmt::format("--self-only: '{}' is not field=value", field));
    set_field(parsed, field.substr(0, equals), field.substr(equals + 1));
  }
  if (!parsed.change.any()) throw InputError(fmt::format("--self-only '{}' changes nothing", spec));
  return parsed;
}

std::string at_other_token(const std::string& spec, int64_t token) {
  auto parsed = parse_self_only(spec);
  if (parsed.change.self_only.size() != 1 || parsed.change.all_self_only || parsed.change.needs_mask()) return {};
  const auto layers = parsed.layers.empty() ? std::string() : fmt::format("layers={};", fmt::join(parsed.layers, ","));
  return fmt::format("{}tokens={}", layers, token);
}

}  // namespace sinkscope::intervene
