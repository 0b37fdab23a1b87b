#include "records.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "sinkscope/intervene/trial_json.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::experiments::trials {
namespace {

constexpr size_t kKeyBytes = 64;  // of a record, before the outcome's

std::string key_of(const intervene::Trial& trial, int64_t batch, Depth depth) {
  return result::sha256(
      fmt::format("{} {}{}", intervene::to_json(trial).dump(), batch, depth == Depth::probe ? " probe" : ""));
}

}  // namespace

Records::Records(const std::filesystem::path& file, const nlohmann::json& header) : journal_(file, header) {
  for (const auto& [unit, payload] : journal_.records()) units_[payload.substr(0, kKeyBytes)] = unit;
}

bool Records::has(const intervene::Trial& trial, int64_t batch, Depth depth) const {
  return units_.contains(key_of(trial, batch, depth));
}

void Records::add(const intervene::Trial& trial, int64_t batch, Depth depth, const Outcome& outcome) {
  const auto key = key_of(trial, batch, depth);
  const auto unit = static_cast<int64_t>(journal_.records().size());
  journal_.append(unit, key + to_bytes(outcome));
  units_[key] = unit;
}

Outcome Records::joined(const intervene::Trial& trial, int64_t batches, Depth depth) const {
  std::vector<Outcome> parts;
  for (int64_t batch = 0; batch < batches; ++batch) {
    const auto unit = units_.at(key_of(trial, batch, depth));
    parts.push_back(from_bytes(journal_.records().at(unit).substr(kKeyBytes)));
  }
  return trials::joined(parts);
}

}  // namespace sinkscope::experiments::trials
