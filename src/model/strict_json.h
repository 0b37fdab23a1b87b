#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"

namespace sinkscope::model {

using files::parse_strict;
using files::read_file;

/// An object's fields, each asked for by name and type; errors name the file and the key.
class Fields {
 public:
  Fields(const nlohmann::json& object, std::string where);

  bool contains(const std::string& key) const;  ///< there, as null too
  bool has(const std::string& key) const;       ///< there and not null
  bool is_null(const std::string& key) const;   ///< there and null
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
