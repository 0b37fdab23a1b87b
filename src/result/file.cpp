#include "sinkscope/result/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "sinkscope/error.h"

namespace sinkscope::result {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

std::filesystem::path temporary_name(const std::filesystem::path& file) {
  return fmt::format("{}.{}.tmp", file.string(), getpid());
}

void write_all(const std::filesystem::path& file, const std::string& text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool good = fd >= 0;
  for (size_t done = 0; good && done < text.size();) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    good = wrote > 0;
    done += good ? static_cast<size_t>(wrote) : 0;
  }
  good = good && fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) good = close(fd) == 0 && good;
  if (good) return;
  std::filesystem::remove(file);
  throw std::runtime_error(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(reason)));
}

}  // namespace

void check_writable(const std::filesystem::path& file, Existing existing) {
  if (std::filesystem::is_directory(file)) throw InputError(fmt::format("--out {}: is a folder", file.string()));
  if (existing == Existing::refuse && std::filesystem::exists(file)) {
    throw InputError(fmt::format("--out {}: already exists; --force replaces it", file.string()));
  }
  const auto folder = folder_of(file);
  if (!std::filesystem::is_directory(folder)) {
    throw InputError(fmt::format("--out {}: the folder {} does not exist", file.string(), folder.string()));
  }
  const auto probe = temporary_name(file);
  const int fd = open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw InputError(fmt::format("--out {}: the folder {} cannot be written to: {}", file.string(), folder.string(),
                                 std::strerror(errno)));
  }
  close(fd);
  unlink(probe.c_str());
}

void write_text(const std::filesystem::path& file, const std::string& text, Existing existing) {
  check_writable(file, existing);
  const auto temporary = temporary_name(file);
  write_all(temporary, text);
  std::error_code error;
  std::filesystem::rename(temporary, file, error);
  if (!error) return;
  std::filesystem::remove(temporary);
  throw std::runtime_error(fmt::format("{}: cannot be written: {}", file.string(), error.message()));
}

void write_json(const std::filesystem::path& file, const nlohmann::json& json, Existing existing) {
  write_text(file, json.dump(1) + "\n", existing);
}

}  // namespace sinkscope::result
