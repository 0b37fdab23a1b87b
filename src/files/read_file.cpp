#include "sinkscope/files/read_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "sinkscope/error.h"
#include "sinkscope/files/lfs_pointer.h"
#include "sinkscope/files/standard_input.h"

namespace sinkscope::files {

namespace {

/// Of a file or a pipe.
std::string read_stream(const std::filesystem::path& file, int64_t max_bytes) {
  const auto fail = [&](const std::string& what) { throw InputError(fmt::format("{}: {}", file.string(), what)); };
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) fail("cannot be read: it is a folder");
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(fmt::format("cannot be read: {}", std::strerror(errno)));
  constexpr size_t kBlock = 1 << 20;  // of a pipe, whose size nobody knows
  std::string bytes;
  if (const auto size = std::filesystem::file_size(file, ignored); !ignored) {
    if (size > static_cast<uintmax_t>(max_bytes)) fail(fmt::format("{} bytes, at most {} are taken", size, max_bytes));
    bytes.reserve(size);
  }
  for (std::string block(kBlock, '\0'); in && static_cast<int64_t>(bytes.size()) <= max_bytes;) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    bytes.append(block, 0, static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) fail("cannot be read whole");
  return bytes;
}

}  // namespace

std::string read_file(const std::filesystem::path& file, int64_t max_bytes) {
  auto bytes = file == kStandardStream ? standard_input() : read_stream(file, max_bytes);
  const auto fail = [&](const std::string& what) { throw InputError(fmt::format("{}: {}", file.string(), what)); };
  if (static_cast<int64_t>(bytes.size()) > max_bytes) fail(fmt::format("more than {} bytes", max_bytes));
  if (is_lfs_pointer(bytes)) fail(std::string(kLfsPointer));
  return bytes;
}

}  // namespace sinkscope::files
