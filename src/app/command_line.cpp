#include "sinkscope/app/command_line.h"

#include <fstream>
#include <vector>

namespace sinkscope::app {
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

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t\n'\"\\$`;&|<>()*?[]{}") == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string line;
  for (std::string word; std::getline(in, word, '\0');) line += (line.empty() ? "" : " ") + app::quoted(word);
  return line;
}

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

}  // namespace sinkscope::app
