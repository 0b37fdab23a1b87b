#include "model/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/strict_json.h"
#include "sinkscope/error.h"
#include "sinkscope/files/lfs_pointer.h"

namespace sinkscope::model {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit

/// How files begin that are named like safetensors by mistake.
constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
    {"PK\3\4", "a zip archive, as torch.save writes them; have transformers write it anew"},
    {"GGUF", "GGUF"},
    {"<!DOCTYPE", "a web page; fetch the file again"},
    {"<html", "a web page; fetch the file again"}};

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw InputError(fmt::format("{}: {}", where, what));
}

/// Bits of one number; 0 for a dtype that the format does not have.
uint64_t bits_of(const std::string& dtype) {
  static const std::map<std::string, uint64_t> bits = {
      {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
      {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
      {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
      {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64}};
  const auto found = bits.find(dtype);
  return found == bits.end() ? 0 : found->second;
}

uint64_t natural(const nlohmann::json& value, const std::string& where) {
  if (!value.is_number_unsigned())
    fail(where, fmt::format("expected a whole number, found {}",
                            value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)));
  const auto number = value.get<uint64_t>();
  if (number > static_cast<uint64_t>(INT64_MAX)) fail(where, fmt::format("{} is too large", number));
  return number;
}

uint64_t bytes_of(const TensorEntry& entry, const std::string& where) {
  uint64_t bits = bits_of(entry.dtype);
  if (bits == 0) fail(where, fmt::format("dtype '{}' is not one of the format", entry.dtype));
  for (const int64_t size : entry.shape) {
    if (__builtin_mul_overflow(bits, static_cast<uint64_t>(size), &bits)) fail(where, "its shape overflows");
  }
  if (bits % 8 != 0) fail(where, "its size is not a whole number of bytes");
  return bits / 8;
}

TensorEntry read_entry(const nlohmann::json& value, const std::string& where) {
  const Fields fields(value, where);
  if (value.size() != 3) fail(where, "expected dtype, shape and data_offsets, and nothing else");
  TensorEntry entry;
  entry.dtype = fields.string("dtype");
  const auto &shape = fields.any("shape"), &offsets = fields.any("data_offsets");
  if (!shape.is_array()) fields.fail("shape", "a list");
  if (!offsets.is_array() || offsets.size() != 2) fields.fail("data_offsets", "a list of two");
  for (const auto& size : shape) entry.shape.push_back(static_cast<int64_t>(natural(size, where + ": 'shape'")));
  entry.begin = natural(offsets[0], where + ": 'data_offsets'");
  entry.end = natural(offsets[1], where + ": 'data_offsets'");
  if (entry.end < entry.begin) fail(where, fmt::format("data_offsets run backwards, {} to {}", entry.begin, entry.end));
  if (entry.end - entry.begin != bytes_of(entry, where)) {
    fail(where, fmt::format("its shape and dtype take {} bytes, data_offsets hold {}", bytes_of(entry, where),
                            entry.end - entry.begin));
  }
  return entry;
}

/// Sorted by place, every tensor begins where the one before ends, and the last ends with the file.
void check_layout(const SafetensorsHeader& header, uint64_t file_bytes, const std::string& where) {
  std::vector<std::pair<std::string, TensorEntry>> sorted(header.tensors.begin(), header.tensors.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.begin, a.second.end) < std::pair(b.second.begin, b.second.end);
  });
  uint64_t at = 0;
  for (const auto& [name, entry] : sorted) {
    if (entry.begin != at) {
      fail(where, fmt::format("tensor '{}' begins at byte {}, {} byte {}: {}", name, entry.begin,
                              "the one before ends at", at, entry.begin < at ? "they overlap" : "there is a hole"));
    }
    at = entry.end;
  }
  const uint64_t data = file_bytes - header.data_offset;
  if (at != data) {
    fail(where, fmt::format("the tensors take {} bytes, the file holds {}: {}", at, data,
                            at > data ? "it is cut short" : "bytes are left over"));
  }
}

}  // namespace

uint64_t header_length(std::string_view first_bytes, uint64_t file_bytes, const std::string& where) {
  if (files::is_lfs_pointer(first_bytes)) fail(where, std::string(files::kLfsPointer));
  for (const auto& [begin, what] : kOthers) {
    if (first_bytes.starts_with(begin)) fail(where, fmt::format("expected safetensors, found {}", what));
  }
  if (first_bytes.size() < 8 || file_bytes < 8)
    fail(where, fmt::format("{} bytes are too few for a safetensors file", file_bytes));
  uint64_t length = 0;
  std::memcpy(&length, first_bytes.data(), 8);  // little endian, as every machine that runs this
  if (length > kMaxHeader)
    fail(where, fmt::format("a header of {} bytes, the format takes at most {}", length, kMaxHeader));
  if (length > file_bytes - 8)
    fail(where, fmt::format("a header of {} bytes in a file of {}: it is cut short", length, file_bytes));
  return length;
}

SafetensorsHeader parse_safetensors_header(std::string_view bytes, uint64_t file_bytes, const std::string& where) {
  const uint64_t length = header_length(bytes, file_bytes, where);
  const auto text = bytes.substr(8, length);
  if (text.empty() || text.front() != '{') fail(where, "its header does not begin with '{'");
  const auto parsed = parse_strict(text, where + ": header");
  SafetensorsHeader header;
  header.data_offset = 8 + length;
  for (const auto& [name, value] : parsed.items()) {
    if (name != "__metadata__") {
      header.tensors[name] = read_entry(value, fmt::format("{}: tensor '{}'", where, name));
      continue;
    }
    const Fields metadata(value, where + ": '__metadata__'");
    for (const auto& [key, text_value] : value.items()) header.metadata[key] = metadata.string(key);
  }
  check_layout(header, file_bytes, where);
  return header;
}

}  // namespace sinkscope::model
