#include "model/strict_json.h"

#include <fmt/format.h>

#include <cmath>

#include "sinkscope/error.h"

namespace sinkscope::model {

using nlohmann::json;

Fields::Fields(const json& object, std::string where) : object_(&object), where_(std::move(where)) {
  if (!object.is_object())
    throw InputError(fmt::format("{}: expected an object, found {}", where_, object.type_name()));
}

bool Fields::contains(const std::string& key) const {
  return object_->contains(key);
}

bool Fields::has(const std::string& key) const {
  return object_->contains(key) && !(*object_)[key].is_null();
}

bool Fields::is_null(const std::string& key) const {
  return object_->contains(key) && (*object_)[key].is_null();
}

const json& Fields::any(const std::string& key) const {
  if (!has(key)) throw InputError(fmt::format("{}: '{}' is {}", where_, key, contains(key) ? "null" : "missing"));
  return (*object_)[key];
}

void Fields::fail(const std::string& key, const std::string& wanted) const {
  throw InputError(fmt::format("{}: '{}': expected {}, found {}", where_, key, wanted,
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
