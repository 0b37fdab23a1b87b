#include "sinkscope/files/standard_input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sinkscope/error.h"

namespace sinkscope::files {
namespace {

std::string read_to_end() {
  constexpr size_t kBlock = 1 << 20;
  std::string bytes, block(kBlock, '\0');
  while (true) {
    const ssize_t got = read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InputError(fmt::format("-: standard input cannot be read: {}", std::strerror(errno)));
    if (got == 0) return bytes;
    bytes.append(block, 0, static_cast<size_t>(got));
  }
}

}  // namespace

const std::string& standard_input() {
  static const std::string bytes = read_to_end();
  return bytes;
}

}  // namespace sinkscope::files
