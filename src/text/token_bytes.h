#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinkscope::text {

/// The bytes of text that a token stands for by itself, as far as its tokenizer's decoder says so: ByteLevel's symbols
/// as their bytes, <0x0A> as its byte, the sign of Metaspace, or what a Replace puts a space for, as a space.
class TokenBytes {
 public:
  explicit TokenBytes(const nlohmann::json& tokenizer);

  std::string operator()(const std::string& token) const;

 private:
  bool has_symbols_ = false, has_byte_tokens_ = false;
  std::string space_;  // what stands for a space; may be empty
};

}  // namespace sinkscope::text
