#include "experiments/vocab_sweep/work.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "sinkscope/app/interrupt.h"

namespace sinkscope::experiments::sweep {

using nlohmann::json;

std::vector<Share> shares(const std::vector<Pass>& passes, app::Shard shard) {
  std::vector<Share> list;
  for (const auto& pass : passes) {
    const auto [first, last] = app::range_of(shard, pass.units());
    list.push_back({pass, first, last});
  }
  return list;
}

json units_to_json(const std::vector<Share>& list) {
  json units;
  for (const auto& share : list) units[name(share.pass.of)] = {share.first, share.last, share.pass.units()};
  return units;
}

int64_t tokens_missing(const std::vector<Share>& list, const result::Journal& journal, const Plan& plan) {
  int64_t tokens = journal.has(kBaselineKey) ? 0 : plan.samples * plan.length;
  for (const auto& share : list) {
    for (int64_t unit = share.first; unit < share.last; ++unit) {
      if (!journal.has(share.pass.key(unit))) tokens += share.pass.tokens(unit);
    }
  }
  return tokens;
}

void run_missing(const std::vector<Share>& list, app::Session& session, const app::Batches& samples, const Plan& plan,
                 result::Journal& journal) {
  session.hold_interrupts();
  Measure measure(session, samples, plan);
  if (!journal.has(kBaselineKey)) journal.append(kBaselineKey, measure.baseline().dump());
  for (const auto& share : list) {
    size_t done = 0;
    for (int64_t unit = share.first; unit < share.last; ++unit) {
      app::check_interrupt();
      const int64_t key = share.pass.key(unit);
      if (!journal.has(key)) journal.append(key, to_bytes(measure.unit(share.pass, unit)));
      done += share.pass.unit(unit).size();
      session.note(fmt::format("{}: {} ids of units {} to {} of {}", name(share.pass.of), done, share.first,
                               share.last - 1, share.pass.units()));
    }
  }
}

std::vector<std::string> batch_warnings(const result::Journal& journal, const Plan& plan, int64_t batch_size) {
  std::map<PassOf, std::pair<int64_t, int64_t>> halved;  // units, and their smallest batch
  for (const auto& [key, payload] : journal.records()) {
    if (key < 0) continue;
    const auto of = static_cast<PassOf>(key >> 32);
    const int64_t planned = batch_of(plan, of, batch_size);
    const int64_t found = from_bytes(payload).at("batch_size")[0].item<int64_t>();
    if (found >= planned) continue;
    auto& [units, least] = halved.try_emplace(of, 0, planned).first->second;
    ++units;
    least = std::min(least, found);
  }
  std::vector<std::string> warnings;
  for (const auto& [of, counts] : halved) {
    warnings.push_back(fmt::format(
        "the memory ran out: {} units of pass '{}' were computed in batches of {} or more samples instead of {}, "
        "so their last bits may differ from a run with enough memory",
        counts.first, name(of), counts.second, batch_of(plan, of, batch_size)));
  }
  return warnings;
}

Table collect(const Share& share, const result::Journal& journal) {
  std::vector<Table> tables;
  for (int64_t unit = share.first; unit < share.last; ++unit) {
    tables.push_back(from_bytes(journal.records().at(share.pass.key(unit))));
  }
  return joined(tables);
}

json baseline_of(const result::Journal& journal) {
  return json::parse(journal.records().at(kBaselineKey));
}

}  // namespace sinkscope::experiments::sweep
