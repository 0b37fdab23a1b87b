#include "sinkscope/files/expand_path.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

namespace sinkscope::files {
namespace {

bool is_word(char c) {  // of \w in ASCII
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::optional<std::string> home_of(const std::string& user) {
  if (user.empty()) {
    if (const char* home = std::getenv("HOME")) return home;
  }
  const passwd* entry = user.empty() ? getpwuid(getuid()) : getpwnam(user.c_str());
  if (!entry) return std::nullopt;
  return entry->pw_dir;
}

/// The end of the name that a $ at `at` begins, one past its last character; `at` where none does.
size_t name_end(const std::string& path, size_t at) {
  if (at + 1 < path.size() && path[at + 1] == '{') {
    const size_t brace = path.find('}', at);
    return brace == std::string::npos ? at : brace + 1;
  }
  size_t end = at + 1;
  while (end < path.size() && is_word(path[end])) ++end;
  return end == at + 1 ? at : end;
}

}  // namespace

std::string expand_user(const std::string& path) {
  if (!path.starts_with('~')) return path;
  const size_t end = std::min(path.find('/', 1), path.size());
  auto home = home_of(path.substr(1, end - 1));
  if (!home) return path;
  while (home->ends_with('/')) home->pop_back();
  const auto expanded = *home + path.substr(end);
  return expanded.empty() ? "/" : expanded;
}

std::string expand_variables(const std::string& path) {
  std::string expanded;
  size_t at = 0;
  while (at < path.size()) {
    const size_t end = path[at] == '$' ? name_end(path, at) : at;
    if (end == at) {
      expanded += path[at++];
      continue;
    }
    const bool braced = path[at + 1] == '{';
    const auto name = braced ? path.substr(at + 2, end - at - 3) : path.substr(at + 1, end - at - 1);
    const char* value = std::getenv(name.c_str());
    expanded += value ? std::string(value) : path.substr(at, end - at);
    at = end;
  }
  return expanded;
}

}  // namespace sinkscope::files
