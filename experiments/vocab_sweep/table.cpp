#include "experiments/vocab_sweep/table.h"

#include <ATen/ATen.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

namespace sinkscope::experiments::sweep {
namespace {

constexpr int64_t kMostDims = 4;

template <typename T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

[[noreturn]] void damaged() {
  throw std::runtime_error("a record of the journal is damaged: it does not hold the scores of a unit");
}

std::string_view take(std::string_view& bytes, size_t length) {
  if (bytes.size() < length) damaged();
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

/// Its type, its sizes and its numbers, each checked against what is left before any memory is taken.
at::Tensor take_tensor(std::string_view& bytes) {
  const auto type = take<at::ScalarType>(bytes);
  const bool is_known = type == at::kDouble || type == at::kFloat || type == at::kHalf || type == at::kLong;
  const auto dims = take<int64_t>(bytes);
  if (!is_known || dims < 0 || dims > kMostDims) damaged();
  std::vector<int64_t> sizes;
  int64_t count = 1;
  for (int64_t i = 0; i < dims; ++i) {
    sizes.push_back(take<int64_t>(bytes));
    if (sizes.back() < 0 || __builtin_mul_overflow(count, sizes.back(), &count)) damaged();
  }
  if (count > static_cast<int64_t>(bytes.size())) damaged();
  auto x = at::empty(sizes, type);
  if (const auto raw = take(bytes, x.nbytes()); !raw.empty()) std::memcpy(x.mutable_data_ptr(), raw.data(), raw.size());
  return x;
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
    table[name] = take_tensor(rest);
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
