#include "sweep_units.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace sinkscope::experiments {
namespace {

void append(std::string& bytes, const at::Tensor& x) {
  const auto flat = x.defined() ? x.to(at::kDouble).contiguous() : at::zeros({0, 0}, at::kDouble);
  const int64_t sizes[] = {flat.size(0), flat.size(1)};
  bytes.append(reinterpret_cast<const char*>(sizes), sizeof(sizes));
  bytes.append(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
}

at::Tensor take(std::string_view& bytes) {
  int64_t sizes[2] = {0, 0};
  const auto fail = [] { throw std::runtime_error("a journal's record does not hold a unit's scores"); };
  if (bytes.size() < sizeof(sizes)) fail();
  std::memcpy(sizes, bytes.data(), sizeof(sizes));
  bytes.remove_prefix(sizeof(sizes));
  const size_t length = sizeof(double) * static_cast<size_t>(sizes[0]) * static_cast<size_t>(sizes[1]);
  if (sizes[0] < 0 || sizes[1] < 0 || bytes.size() < length) fail();
  auto x = at::empty({sizes[0], sizes[1]}, at::kDouble);
  std::memcpy(x.mutable_data_ptr(), bytes.data(), length);
  bytes.remove_prefix(length);
  return x;
}

}  // namespace

std::vector<Unit> units(const std::vector<int64_t>& ids, int64_t ids_per_unit) {
  std::vector<Unit> list;
  for (size_t first = 0; first < ids.size(); first += static_cast<size_t>(ids_per_unit)) {
    const auto begin = ids.begin() + static_cast<int64_t>(first);
    list.push_back(
        {static_cast<int64_t>(list.size()), {begin, begin + std::min<int64_t>(ids_per_unit, ids.end() - begin)}});
  }
  return list;
}

std::string to_bytes(const UnitScores& scores) {
  std::string bytes;
  for (const auto& x : {scores.score, scores.by_layer, scores.first}) append(bytes, x);
  return bytes;
}

UnitScores from_bytes(const std::string& bytes) {
  std::string_view rest = bytes;
  UnitScores scores{take(rest), take(rest), take(rest)};
  if (scores.first.size(0) == 0) scores.first.reset();
  return scores;
}

UnitScores joined(const std::vector<UnitScores>& list) {
  std::vector<at::Tensor> score, by_layer, first;
  for (const auto& scores : list) {
    score.push_back(scores.score);
    by_layer.push_back(scores.by_layer);
    if (scores.first.defined()) first.push_back(scores.first);
  }
  return {at::cat(score), at::cat(by_layer), first.empty() ? at::Tensor() : at::cat(first)};
}

}  // namespace sinkscope::experiments
