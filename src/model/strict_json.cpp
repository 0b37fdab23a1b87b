#include "model/strict_json.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <set>
#include <vector>

#include "sinkscope/error.h"

namespace sinkscope::model {

using nlohmann::json;

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
  } catch (const json::parse_error& e) {  // its text may quote bytes that are no UTF-8
    throw InputError(fmt::format("{}: not JSON from byte {} on", where, e.byte));
  }
  if (too_deep) throw InputError(fmt::format("{}: JSON nested deeper than {}", where, max_depth));
  if (!repeated.empty()) throw InputError(fmt::format("{}: the key '{}' stands twice", where, repeated));
  return parsed;
}

std::string read_file(const std::filesystem::path& file, int64_t max_bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in)
    throw InputError(fmt::format("{}: cannot be read: {}", file.string(), error ? error.message() : "no permission"));
  if (size > static_cast<uintmax_t>(max_bytes)) {
    throw InputError(fmt::format("{}: {} bytes, at most {} are taken", file.string(), size, max_bytes));
  }
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (in.gcount() != static_cast<std::streamsize>(size))
    throw InputError(fmt::format("{}: cannot be read whole", file.string()));
  return text;
}

Fields::Fields(const json& object, std::string where) : object_(&object), where_(std::move(where)) {
  if (!object.is_object()) throw InputError(fmt::format("{}: wanted an object, found {}", where_, object.type_name()));
}

bool Fields::has(const std::string& key) const {
  return object_->contains(key) && !(*object_)[key].is_null();
}

bool Fields::is_null(const std::string& key) const {
  return object_->contains(key) && (*object_)[key].is_null();
}

const json& Fields::any(const std::string& key) const {
  if (!has(key)) throw InputError(fmt::format("{}: '{}' is missing", where_, key));
  return (*object_)[key];
}

void Fields::fail(const std::string& key, const std::string& wanted) const {
  throw InputError(fmt::format("{}: '{}': wanted {}, found {}", where_, key, wanted,
                               any(key).dump(-1, ' ', true, json::error_handler_t::replace)));
}

int64_t Fields::integer(const std::string& key, int64_t least, int64_t most) const {
  const auto& value = any(key);
  const auto wanted = fmt::format("a whole number from {} to {}", least, most);
  if (!value.is_number_integer()) fail(key, wanted);
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(most)) fail(key, wanted);
  const auto number = value.get<int64_t>();
  if (number < least || number > most) fail(key, wanted);
  return number;
}

double Fields::number(const std::string& key) const {
  if (!any(key).is_number() || !std::isfinite(any(key).get<double>())) fail(key, "a number");
  return any(key).get<double>();
}

double Fields::positive(const std::string& key) const {
  const double value = number(key);
  if (!(value > 0)) fail(key, "a number above 0");
  return value;
}

bool Fields::boolean(const std::string& key) const {
  if (!any(key).is_boolean()) fail(key, "true or false");
  return any(key).get<bool>();
}

std::string Fields::string(const std::string& key) const {
  if (!any(key).is_string()) fail(key, "a string");
  return any(key).get<std::string>();
}

Fields Fields::object(const std::string& key) const {
  return Fields(any(key), fmt::format("{}: '{}'", where_, key));
}

}  // namespace sinkscope::model
