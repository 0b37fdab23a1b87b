#include "sinkscope/trials/records.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sinkscope/intervene/trial_json.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::trials {
namespace {

constexpr size_t kKeyBytes = 64;  // of a record, before the outcome's

std::string key_of(const intervene::Trial& trial, int64_t batch, Depth depth) {
  return trials::key_of(intervene::to_json(trial), batch, depth);
}

using Outcomes = std::map<std::string, std::string>;

void take(const std::map<int64_t, std::string>& records, Outcomes& into) {
  for (const auto& [unit, payload] : records) into[key_in(payload)] = payload.substr(kKeyBytes);
}

}  // namespace

std::string key_of(const nlohmann::json& trial, int64_t batch, Depth depth) {
  return result::sha256(fmt::format("{} {}{}", trial.dump(), batch, depth == Depth::probe ? " probe" : ""));
}

std::string key_in(const std::string& payload) {
  return payload.substr(0, kKeyBytes);
}

Records::Records(const std::filesystem::path& file, const nlohmann::json& header)
    : header_(header), journal_(file, header) {
  take(journal_.records(), outcomes_);
}

void Records::look(const std::filesystem::path& file) {
  auto& other = others_.try_emplace(file, file, header_, "another shard").first->second;
  if (const auto contents = other.look()) take(contents->records, outcomes_);
}

bool Records::has(const intervene::Trial& trial, int64_t batch, Depth depth) const {
  return outcomes_.contains(key_of(trial, batch, depth));
}

void Records::add(const intervene::Trial& trial, int64_t batch, Depth depth, const Outcome& outcome) {
  const auto key = key_of(trial, batch, depth);
  auto bytes = to_bytes(outcome);
  journal_.append(static_cast<int64_t>(journal_.records().size()), key + bytes);
  outcomes_[key] = std::move(bytes);
}

Outcome Records::joined(const intervene::Trial& trial, int64_t batches, Depth depth) const {
  std::vector<Outcome> parts;
  for (int64_t batch = 0; batch < batches; ++batch)
    parts.push_back(from_bytes(outcomes_.at(key_of(trial, batch, depth))));
  return trials::joined(parts);
}

}  // namespace sinkscope::trials
