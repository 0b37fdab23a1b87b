#include "experiments/vocab_sweep/assemble.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/vocab_sweep/screened.h"
#include "sinkscope/app/command_line.h"
#include "sinkscope/error.h"
#include "sinkscope/result/journal.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;

void check_one_run(const std::vector<Part>& parts) {
  const auto& first = parts[0];
  const auto identity = identity_of(first.result, first.result.at("plan"));
  for (const auto& part : parts) {
    const auto other = result::differences(identity, identity_of(part.result, part.result.at("plan")),
                                           "in " + first.file.string(), "in " + part.file.string());
    if (!other.empty()) {
      throw InputError(
          fmt::format("{} and {} are from different runs:{}", first.file.string(), part.file.string(), other));
    }
    for (const char* same : {"uniform", "baseline"}) {
      if (part.result.at("results").at(same) != first.result.at("results").at(same)) {
        throw InputError(
            fmt::format("{} and {} have different baselines for the same samples: their machines compute "
                        "differently",
                        first.file.string(), part.file.string()));
      }
    }
  }
}

using Pieces = std::vector<std::pair<const Part*, const Part::Piece*>>;

/// A pass's pieces in the order of their units, checked not to overlap.
Pieces pieces_of(const std::vector<Part>& parts, PassOf of) {
  Pieces pieces;
  for (const auto& part : parts) {
    const auto found = part.pieces.find(of);
    if (found != part.pieces.end() && found->second.first < found->second.last)
      pieces.push_back({&part, &found->second});
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const auto& a, const auto& b) { return a.second->first < b.second->first; });
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (pieces[i].second->first < pieces[i - 1].second->last) {
      throw InputError(fmt::format("units {} to {} of pass '{}' are in {} and in {}", pieces[i].second->first,
                                   std::min(pieces[i].second->last, pieces[i - 1].second->last) - 1, name(of),
                                   pieces[i - 1].first->file.string(), pieces[i].first->file.string()));
    }
  }
  return pieces;
}

/// Units [first, last) that no piece has.
std::vector<std::pair<int64_t, int64_t>> gaps(const Pieces& pieces) {
  std::vector<std::pair<int64_t, int64_t>> list;
  int64_t next = 0;
  for (const auto& [part, piece] : pieces) {
    if (piece->first > next) list.push_back({next, piece->first});
    next = piece->last;
  }
  if (const int64_t of = pieces[0].second->of; next < of) list.push_back({next, of});
  return list;
}

/// Where a sibling of the part would lie: its --out with another index.
std::string out_of_sibling(const Part& part, app::Shard shard) {
  const std::string given = part.result.at("config").at("out");
  if (given.find("{shard}") == std::string::npos) {
    return (part.file.parent_path() / fmt::format("shard-{}.json", shard.index)).string();
  }
  return app::with_shard(given, {app::to_string(shard), 0}, shard);
}

void check_complete(const Pieces& pieces, PassOf of) {
  const auto missing = gaps(pieces);
  if (missing.empty()) return;
  const auto& part = *pieces[0].first;
  const int64_t count = part.shard.count;
  std::string lines;
  for (const auto& [first, last] : missing) {
    lines += fmt::format("\n  units {} to {} of pass '{}':", first, last - 1, name(of));
    for (int64_t i = 0; i < count; ++i) {
      const app::Shard shard{i, count};
      const auto [begin, end] = app::range_of(shard, pieces[0].second->of);
      if (begin >= last || end <= first) continue;
      lines += "\n    " + command_of(part, app::to_string(shard), out_of_sibling(part, shard),
                                     of == PassOf::refine ? part.result.at("config").at("refine") : "");
    }
  }
  throw InputError(fmt::format("parts are missing; these commands compute them:{}", lines));
}

/// The pass's table over all its ids, which are added to `ids`.
Table whole_table(const Pieces& pieces, std::vector<int64_t>& ids) {
  std::vector<Table> tables;
  for (const auto& [part, piece] : pieces) {
    ids.insert(ids.end(), piece->ids.begin(), piece->ids.end());
    tables.push_back(piece->table);
  }
  return joined(tables);
}

}  // namespace

std::string command_of(const Part& part, const std::string& shard, const std::string& out, const std::string& refine) {
  const auto command =
      app::without(part.result.at("command"), {"--shard", "--shards", "--out", "--refine"}, {"--force"});
  return fmt::format("{}{}--shard {} --out {}", command, refine.empty() ? "" : "--refine " + app::quoted(refine) + " ",
                     shard, app::quoted(out));
}

Measured assemble(const std::vector<Part>& parts) {
  check_one_run(parts);
  const auto& first = parts[0].result;
  const bool screens = first.at("plan").at("strategy") == "screen";
  const PassOf every = screens ? PassOf::pilot : PassOf::full;
  Measured m;
  for (const char* section : {"uniform", "baseline"}) m.baseline[section] = first.at("results").at(section);
  std::vector<int64_t> ids, audit;
  const auto pieces = pieces_of(parts, every);
  if (pieces.empty()) {
    throw InputError(fmt::format("no part has a unit of pass '{}', which every sweep starts with", name(every)));
  }
  check_complete(pieces, every);
  for (const auto& [part, piece] : pieces) {
    const auto& results = part->result.at("results");
    for (auto [to, from] : {std::pair{&m.names.pieces, "pieces"}, std::pair{&m.names.kinds, "kinds"}}) {
      for (const auto& name : results.at(from)) to->push_back(name);  // none without a tokenizer
    }
  }
  m.tables[every] = whole_table(pieces, ids);
  m.plan = plan_from_json(first.at("plan"), ids);
  if (!screens) return m;
  const auto of_audit = pieces_of(parts, PassOf::audit), of_refine = pieces_of(parts, PassOf::refine);
  check_complete(of_audit, PassOf::audit);
  m.tables[PassOf::audit] = whole_table(of_audit, audit);
  if (of_refine.empty()) return m;
  check_complete(of_refine, PassOf::refine);
  m.tables[PassOf::refine] = whole_table(of_refine, m.refined);
  if (m.refined != ids_to_refine(m)) throw InputError("the refined ids are not those that pilot and audit ask for");
  return m;
}

}  // namespace sinkscope::experiments::sweep
