#include "sinkscope/result/read_result.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/files/read_json.h"

namespace sinkscope::result {

using nlohmann::json;

namespace {

/// "sinkscope 0.1.0", or nothing where the result does not say.
std::string writer_of(const json& result) {
  const json::json_pointer place("/build/version");
  if (!result.contains(place) || !result[place].is_string()) return "another sinkscope";
  return "sinkscope " + result[place].get<std::string>();
}

}  // namespace

json read_result(const std::filesystem::path& file, const std::string& expected) {
  auto result = files::read_object(file, expected);
  const auto version = result.value("schema_version", json());
  if (!version.is_number_integer() || !result.value("experiment", json()).is_string()) {
    throw InputError(
        fmt::format("{}: expected {}; found JSON without experiment and schema_version", file.string(), expected));
  }
  if (version != kSchemaVersion) {
    throw InputError(fmt::format(
        "{}: schema version {} of {}; this program reads version {}: run the command again with it, or read "
        "the file with the program that wrote it",
        file.string(), version.dump(), writer_of(result), kSchemaVersion));
  }
  return result;
}

}  // namespace sinkscope::result
