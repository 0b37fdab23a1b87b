#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::text {

/// A token matched in the text itself, before BPE.
struct AddedToken {
  int64_t id = 0;
  std::string content;
  bool single_word = false, lstrip = false, rstrip = false, normalized = false, special = false;
};

/// Finds added tokens leftmost first, the longest of those that start at one place, as `tokenizers` does.
class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  /// Calls `text` with the beginning and end of what lies between tokens, and `token` for each id, in order.
  void split(std::string_view utf8, const std::function<void(size_t begin, size_t end)>& text,
             const std::function<void(int64_t)>& token) const;

  bool empty() const { return count_ == 0; }

 private:
  const AddedToken* longest_at(std::string_view utf8, size_t at) const;

  std::array<std::vector<AddedToken>, 256> by_first_byte_;  // the longest first
  std::array<bool, 256> begins_{};                          // whether one begins with this byte
  size_t count_ = 0;
};

}  // namespace sinkscope::text
