#include "sinkscope/files/read_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "sinkscope/error.h"
#include "sinkscope/files/python_json.h"
#include "sinkscope/files/read_file.h"

namespace sinkscope::files {

using nlohmann::json;

namespace {

/// parse_error's own text may quote bytes that are no UTF-8.
[[noreturn]] void not_json(std::string_view text, const std::string& where, const json::parse_error& e) {
  const auto* why = parse_python_json(text) ? " (NaN, Infinity or half a surrogate pair, which Python writes)" : "";
  throw InputError(fmt::format("{}: not JSON from byte {} on{}", where, e.byte, why));
}

}  // namespace

json parse_json(std::string_view text, const std::string& where) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& e) {
    not_json(text, where, e);
  }
}

json parse_strict(std::string_view text, const std::string& where, int max_depth) {
  std::vector<std::set<std::string>> keys;
  std::string repeated;
  bool too_deep = false;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > max_depth) too_deep = true;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      repeated = parsed.get<std::string>();
    }
    return !too_deep;
  };
  json parsed;
  try {
    parsed = json::parse(text, watch);
  } catch (const json::parse_error& e) {
    not_json(text, where, e);
  }
  if (too_deep) throw InputError(fmt::format("{}: JSON nested deeper than {}", where, max_depth));
  if (!repeated.empty()) throw InputError(fmt::format("{}: the key '{}' is listed twice", where, repeated));
  return parsed;
}

json read_object(const std::filesystem::path& file, const std::string& expected, int64_t max_bytes) {
  auto parsed = parse_json(read_file(file, max_bytes), file.string());
  if (!parsed.is_object()) {
    throw InputError(
        fmt::format("{}: expected {}, a JSON object; found {}", file.string(), expected, parsed.type_name()));
  }
  return parsed;
}

}  // namespace sinkscope::files
