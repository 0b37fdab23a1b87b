#include "experiments/vocab_sweep/command_words.h"

#include <vector>

namespace sinkscope::experiments::sweep {
namespace {

/// Quotes stay on their words.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char c : command) {
    quoted ^= c == '\'';
    if (c == ' ' && !quoted) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

}  // namespace

std::string without(const std::string& command, const std::set<std::string>& options,
                    const std::set<std::string>& flags) {
  const auto words = words_of(command);
  std::string left;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto name = words[i].substr(0, words[i].find('='));
    if (options.contains(name)) {
      if (name == words[i]) ++i;
    } else if (!flags.contains(name)) {
      left += words[i] + " ";
    }
  }
  return left;
}

}  // namespace sinkscope::experiments::sweep
