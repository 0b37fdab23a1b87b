#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sinkscope/model/safetensors.h"

namespace sinkscope::model {
namespace {

const char* spell_dtype(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return "F32";
    case at::kBFloat16: return "BF16";
    case at::kHalf: return "F16";
    case at::kDouble: return "F64";
    case at::kLong: return "I64";
    default: throw std::logic_error(fmt::format("no tensor of {} is ever written", toString(type)));
  }
}

/// Writes to a temporary name in the same folder; the file gets its own with commit(), and none without.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& file)
      : file_(file), temporary_(fmt::format("{}.{}.tmp", file.string(), getpid())) {
    fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ < 0) fail();
  }
  ~AtomicFile() {
    if (fd_ < 0) return;
    close(fd_);
    unlink(temporary_.c_str());
  }
  AtomicFile(const AtomicFile&) = delete;

  void write(const void* data, size_t size) {
    constexpr size_t kAtOnce = 1 << 30;  // a write takes at most 2 GB
    for (auto* at = static_cast<const char*>(data); size > 0;) {
      const ssize_t wrote = ::write(fd_, at, std::min(size, kAtOnce));
      if (wrote <= 0) fail();
      at += wrote;
      size -= static_cast<size_t>(wrote);
    }
  }

  void commit() {
    if (fsync(fd_) != 0 || rename(temporary_.c_str(), file_.c_str()) != 0) fail();
    close(fd_);
    fd_ = -1;
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error(fmt::format("{}: cannot be written: {}", file_.string(), std::strerror(errno)));
  }

  std::filesystem::path file_;
  std::string temporary_;
  int fd_ = -1;
};

}  // namespace

void write_safetensors(const std::filesystem::path& file, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  auto header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t at = 0;
  for (const auto& t : tensors) {
    uint64_t bytes = at::elementSize(t.dtype);
    for (const int64_t size : t.shape) bytes *= static_cast<uint64_t>(size);
    header[t.name] = {{"dtype", spell_dtype(t.dtype)}, {"shape", t.shape}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  auto text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();

  AtomicFile out(file);
  out.write(&length, sizeof length);
  out.write(text.data(), text.size());
  for (const auto& t : tensors) {
    const auto made = t.make().to(at::kCPU).contiguous();
    if (made.sizes() != at::IntArrayRef(t.shape) || made.scalar_type() != t.dtype) {
      throw std::logic_error(fmt::format("tensor '{}' is not what its header says", t.name));
    }
    out.write(made.data_ptr(), made.nbytes());
  }
  out.commit();
}

void write_safetensors(const std::filesystem::path& file,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<TensorToWrite> list;
  for (const auto& [name, tensor] : tensors) {
    list.push_back({name, tensor.sizes().vec(), tensor.scalar_type(), [tensor = tensor] { return tensor; }});
  }
  write_safetensors(file, list, metadata);
}

}  // namespace sinkscope::model
