// vocab-sweep: every token id at position 0 of every sample. Which ids make a sink, and does the id matter at all?

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "command.h"
#include "interrupt.h"
#include "run.h"
#include "sinkscope/error.h"
#include "sinkscope/measure/sink_score.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/safetensors.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/result/sha256.h"
#include "sweep_summary.h"
#include "sweep_units.h"
#include "vocabulary_ids.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  app::RunOptions run;
  std::string ids = "all";
  int64_t at = 0;
  int64_t ids_per_unit = 64;
  bool unused_rows = false;
};

constexpr int64_t kBaselineUnit = -2;  // the samples as they are, as JSON

std::vector<measure::Tracked> tracked(const Options& o) {
  std::vector<measure::Tracked> list{{o.at, o.run.q_min}};
  if (o.at > 0) list.push_back({0, std::max(o.at + 1, o.run.q_min)});
  return list;
}

/// The samples as they are.
measure::SinkScore measure_baseline(app::Run& r, const Options& o) {
  measure::SinkScore sink(r.config(), tracked(o), r.lengths());
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    sink.attach(taps, batch.first, batch.n, r.longest(), r.model().device());
    r.forward(batch, taps);
  }
  return sink;
}

/// Every id of the unit in place of token P of every sample: rows [ids * samples, T], an id's samples together.
at::Tensor unit_rows(const app::Run& r, const Options& o, const Unit& unit) {
  const auto count = static_cast<int64_t>(unit.ids.size()), samples = r.all_ids().size(0);
  auto rows = r.all_ids().repeat({count, 1});
  rows.select(1, o.at).copy_(at::tensor(unit.ids, at::kLong).repeat_interleave(samples));
  return rows;
}

std::vector<int64_t> repeated(const std::vector<int64_t>& values, size_t times) {
  std::vector<int64_t> all;
  for (size_t i = 0; i < times; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}

UnitScores run_unit(app::Run& r, const Options& o, const Unit& unit) {
  const auto rows = unit_rows(r, o, unit);
  measure::SinkScore sink(r.config(), tracked(o), repeated(r.lengths(), unit.ids.size()));
  for (int64_t first = 0; first < rows.size(0); first += r.batch_size()) {
    const int64_t n = std::min(r.batch_size(), rows.size(0) - first);
    model::Taps taps(r.config());
    sink.attach(taps, first, n, r.longest(), r.model().device());
    r.forward(rows.slice(0, first, first + n), taps);
  }
  const auto by_id = [&](size_t which) {  // [ids, samples, L, H]
    return sink.mean_attention(which).unflatten(0, {static_cast<int64_t>(unit.ids.size()), -1});
  };
  const auto attention = by_id(0);
  return {attention.mean(at::IntArrayRef{2, 3}), attention.nanmean(at::IntArrayRef{1, 3}),
          o.at > 0 ? by_id(1).mean(at::IntArrayRef{2, 3}) : at::Tensor()};
}

/// Everything that changes a number; a journal of another run is refused with what differs.
json journal_header(const app::Run& r, const Options& o, const std::vector<int64_t>& ids) {
  auto of = r.provenance();
  for (const char* place : {"path", "revision", "name"}) of["model"].erase(place);
  if (of["tokenizer"].is_object()) of["tokenizer"].erase("path");
  of["data"].erase("path");
  json header{{"experiment", "vocab-sweep"},
              {"ids", {{"count", ids.size()}, {"sha256", result::sha256(json(ids).dump())}}},
              {"ids_per_unit", o.ids_per_unit},
              {"at", o.at},
              {"q_min", o.run.q_min}};
  for (const char* section : {"model", "tokenizer", "data", "numerics", "build"}) header[section] = of[section];
  return header;
}

/// Units that the journal lacks are computed, each whole: a signal waits for the end of the unit in flight.
void run_missing(app::Run& r, const Options& o, const std::vector<Unit>& list, result::Journal& journal) {
  r.hold_interrupts();
  if (!journal.has(kBaselineUnit)) {
    const auto baseline = measure_baseline(r, o);
    journal.append(kBaselineUnit, json{{"uniform", baseline.uniform(0)}, {"baseline", baseline.to_json(0)}}.dump());
  }
  for (const auto& unit : list) {
    app::check_interrupt();
    if (!journal.has(unit.number)) journal.append(unit.number, to_bytes(run_unit(r, o, unit)));
  }
}

int64_t missing_ids(const std::vector<Unit>& list, const result::Journal& journal) {
  int64_t sum = 0;
  for (const auto& unit : list) sum += journal.has(unit.number) ? 0 : static_cast<int64_t>(unit.ids.size());
  return sum;
}

json metrics(const Options& o) {
  auto definitions = measure::sink_metric_definitions(o.run.q_min);
  definitions["score"] =
      fmt::format("mean_attention({}) over all layers, heads and samples with the id at position {}", o.at, o.at);
  definitions["spread"] = "standard deviation of an id's score over samples";
  definitions["kinds"] = "by the token's characters without leading spaces; see token_kinds.h";
  return definitions;
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.run, command);
  const measure::SinkScore check(r.config(), tracked(o), r.lengths());
  const auto shortest = *std::min_element(r.lengths().begin(), r.lengths().end());
  if (o.at >= shortest) throw InputError(fmt::format("--at {}: the shortest sample has {} tokens", o.at, shortest));
  const auto ids = vocabulary_ids({.list = o.ids, .unused_rows = o.unused_rows}, r.config(), r.tokenizer());
  const auto list = units(ids, o.ids_per_unit);
  if (o.run.dry_run || o.run.out.empty()) {
    r.start(static_cast<int64_t>(ids.size()) + 1);
    return;
  }
  result::Journal journal(std::filesystem::path(o.run.out).replace_extension(".journal"), journal_header(r, o, ids));
  if (journal.cut() > 0) r.warn(fmt::format("the journal's last {} bytes were torn and are cut off", journal.cut()));
  const int64_t missing = missing_ids(list, journal);
  if (missing > 0 || !journal.has(kBaselineUnit)) {
    if (!r.start(missing + (journal.has(kBaselineUnit) ? 0 : 1))) return;
    run_missing(r, o, list, journal);
  }

  std::vector<UnitScores> parts;
  for (const auto& unit : list) parts.push_back(from_bytes(journal.records().at(unit.number)));
  const auto scores = joined(parts);
  const auto baseline = json::parse(journal.records().at(kBaselineUnit));
  auto results = summarize_sweep({.ids = ids, .score = scores.score, .by_layer = scores.by_layer}, r.tokenizer());
  results["position"] = o.at;
  results["uniform"] = baseline["uniform"];
  results["baseline"] = baseline["baseline"];
  if (scores.first.defined()) results["first"] = first_token_summary(scores.first);

  const auto sidecar = std::filesystem::path(o.run.out).replace_extension(".safetensors");
  model::write_safetensors(sidecar, {{"by_layer_id", scores.by_layer.to(at::kFloat)}},
                           {{"result", std::filesystem::path(o.run.out).filename().string()}});
  results["by_layer_id"] = {{"file", sidecar.filename().string()}, {"tensor", "by_layer_id"}};
  r.finish(metrics(o), results);
  journal.remove();
}

}  // namespace

Command vocab_sweep() {
  return {"vocab-sweep", "does every token make the same sink when it stands first?", [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app::add_run_options(app, o->run);
            app.add_option("--ids", o->ids, "ids to sweep, or all of the tokenizer's")->capture_default_str();
            app.add_option("--at", o->at, "the position that the ids overwrite")
                ->capture_default_str()
                ->check(CLI::Range(0, 1 << 24));
            app.add_option("--ids-per-unit", o->ids_per_unit, "ids of a unit of work")
                ->capture_default_str()
                ->check(CLI::Range(1, 1 << 20));
            app.add_flag("--unused-rows", o->unused_rows, "also embedding rows that no token has");
            app.callback([o, &app] { run(*o, app); });
          }};
}

}  // namespace sinkscope::experiments
