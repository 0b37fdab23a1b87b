#include "sinkscope/app/print_json.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace sinkscope::app {
namespace {

void print_all(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  throw std::runtime_error(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
}

}  // namespace

void print_json(const nlohmann::json& document) {
  print_all(document.dump(1) + "\n");
}

void print_json(const nlohmann::ordered_json& document) {
  print_all(document.dump(1) + "\n");
}

}  // namespace sinkscope::app
