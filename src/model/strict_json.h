#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sinkscope::model {

/// JSON that nobody vouches for: at most `max_depth` deep, no key twice in an object, valid UTF-8. Throws InputError
/// that starts with `where`.
nlohmann::json parse_strict(std::string_view text, const std::string& where, int max_depth = 16);

/// A file's bytes; throws InputError where it cannot be read or is larger than `max_bytes`.
std::string read_file(const std::filesystem::path& file, int64_t max_bytes);

/// An object's fields, each asked for by name and type; errors name the file and the key.
class Fields {
 public:
  Fields(const nlohmann::json& object, std::string where);

  bool has(const std::string& key) const;      ///< there and not null
  bool is_null(const std::string& key) const;  ///< there and null
  int64_t integer(const std::string& key, int64_t least, int64_t most) const;
  double number(const std::string& key) const;  ///< finite
  double positive(const std::string& key) const;
  bool boolean(const std::string& key) const;
  std::string string(const std::string& key) const;
  Fields object(const std::string& key) const;
  const nlohmann::json& any(const std::string& key) const;

  [[noreturn]] void fail(const std::string& key, const std::string& wanted) const;
  const std::string& where() const { return where_; }

 private:
  const nlohmann::json* object_;
  std::string where_;
};

}  // namespace sinkscope::model
