#include "sinkscope/model/safetensors.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "model/safetensors_header.h"
#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

at::ScalarType scalar_type(const std::string& dtype, const std::string& where) {
  static const std::map<std::string, at::ScalarType> types = {
      {"F32", at::kFloat}, {"BF16", at::kBFloat16}, {"F16", at::kHalf}, {"F64", at::kDouble}, {"I64", at::kLong},
      {"I32", at::kInt},   {"I16", at::kShort},     {"I8", at::kChar},  {"U8", at::kByte},    {"BOOL", at::kBool}};
  const auto found = types.find(dtype);
  if (found == types.end()) throw InputError(fmt::format("{}: dtype '{}' is not supported", where, dtype));
  return found->second;
}

/// A read-only mapping of a whole file, unmapped with its last owner.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& file) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
      const auto reason = fd < 0 ? std::strerror(errno) : "not a plain file";
      if (fd >= 0) close(fd);
      throw InputError(fmt::format("{}: cannot be read: {}", file.string(), reason));
    }
    size_ = static_cast<size_t>(status.st_size);
    if (size_ > 0) address_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
    const int reason = errno;
    close(fd);
    if (address_ == MAP_FAILED)
      throw std::runtime_error(fmt::format("{}: cannot be mapped: {}", file.string(), std::strerror(reason)));
  }
  ~Mapping() {
    if (size_ > 0) munmap(address_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(address_), size_}; }

  /// Only whole pages; a page that a neighbour shares is left out.
  void advise(size_t begin, size_t end, int advice) const {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    if (begin < end) madvise(static_cast<char*>(address_) + begin, end - begin, advice);
  }

 private:
  void* address_ = nullptr;
  size_t size_ = 0;
};

}  // namespace

struct SafetensorsFile::Map {
  explicit Map(const std::filesystem::path& file)
      : path(file.string()),
        mapping(file),
        header(parse_safetensors_header(mapping.bytes(), mapping.bytes().size(), path)) {}

  const TensorEntry& entry(const std::string& name) const {
    const auto found = header.tensors.find(name);
    if (found == header.tensors.end()) throw InputError(fmt::format("{}: no tensor is named '{}'", path, name));
    return found->second;
  }

  void advise(const std::string& name, int advice) const {
    const auto& tensor = entry(name);
    mapping.advise(header.data_offset + tensor.begin, header.data_offset + tensor.end, advice);
  }

  std::string path;
  Mapping mapping;
  SafetensorsHeader header;
};

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& file) {
  SafetensorsFile opened;
  opened.map_ = std::make_shared<const Map>(file);
  return opened;
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : map_->header.tensors) names.push_back(name);
  return names;
}

bool SafetensorsFile::has(const std::string& name) const {
  return map_->header.tensors.contains(name);
}

const std::vector<int64_t>& SafetensorsFile::shape(const std::string& name) const {
  return map_->entry(name).shape;
}

const std::string& SafetensorsFile::dtype(const std::string& name) const {
  return map_->entry(name).dtype;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return map_->header.metadata;
}

int64_t SafetensorsFile::bytes() const {
  return static_cast<int64_t>(map_->mapping.bytes().size());
}

void SafetensorsFile::will_read(const std::string& name) const {
  map_->advise(name, MADV_WILLNEED);
}

void SafetensorsFile::drop_pages(const std::string& name) const {
  map_->advise(name, MADV_DONTNEED);
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto& entry = map_->entry(name);
  const auto type = scalar_type(entry.dtype, fmt::format("{}: tensor '{}'", map_->path, name));
  const char* data = map_->mapping.bytes().data() + map_->header.data_offset + entry.begin;
  const auto options = at::TensorOptions(type);
  if (entry.begin == entry.end) return at::empty(entry.shape, options);
  if (reinterpret_cast<uintptr_t>(data) % at::elementSize(type) != 0) {
    auto copy = at::empty(entry.shape, options);
    std::memcpy(copy.data_ptr(), data, entry.end - entry.begin);
    return copy;
  }
  // The pages are read-only; the forward pass never writes to a weight.
  return at::from_blob(
      const_cast<char*>(data), entry.shape, [owner = map_](void*) {}, options);
}

}  // namespace sinkscope::model
