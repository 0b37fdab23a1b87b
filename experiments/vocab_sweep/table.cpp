#include "experiments/vocab_sweep/table.h"

#include <ATen/ATen.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

namespace sinkscope::experiments::sweep {
namespace {

template <typename T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string_view take(std::string_view& bytes, size_t length) {
  if (bytes.size() < length) throw std::runtime_error("a journal's record does not hold a unit's scores");
  const auto front = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return front;
}

template <typename T>
T take(std::string_view& bytes) {
  T value;
  std::memcpy(&value, take(bytes, sizeof(T)).data(), sizeof(T));
  return value;
}

}  // namespace

std::string to_bytes(const Table& table) {
  std::string bytes;
  for (const auto& [name, tensor] : table) {
    const auto x = tensor.contiguous();
    append(bytes, name.size());
    bytes += name;
    append(bytes, x.scalar_type());
    append(bytes, x.dim());
    for (const int64_t size : x.sizes()) append(bytes, size);
    bytes.append(static_cast<const char*>(x.const_data_ptr()), x.nbytes());
  }
  return bytes;
}

Table from_bytes(const std::string& bytes) {
  Table table;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::string name(take(rest, take<size_t>(rest)));
    const auto type = take<at::ScalarType>(rest);
    std::vector<int64_t> sizes(static_cast<size_t>(take<int64_t>(rest)));
    for (int64_t& size : sizes) size = take<int64_t>(rest);
    auto x = at::empty(sizes, type);
    std::memcpy(x.mutable_data_ptr(), take(rest, x.nbytes()).data(), x.nbytes());
    table[name] = x;
  }
  return table;
}

Table joined(const std::vector<Table>& tables) {
  std::map<std::string, std::vector<at::Tensor>> parts;
  for (const auto& table : tables) {
    for (const auto& [name, x] : table) parts[name].push_back(x);
  }
  Table all;
  for (const auto& [name, list] : parts) all[name] = at::cat(list);
  return all;
}

}  // namespace sinkscope::experiments::sweep
