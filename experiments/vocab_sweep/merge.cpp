// merge: the parts that the shards of a sweep wrote become the result that one process would have written.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "experiments/vocab_sweep/assemble.h"
#include "experiments/vocab_sweep/screened.h"
#include "sinkscope/app/command_line.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/result/file.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> parts;
  std::string out;
  bool force = false;
};

/// Sums over the parts, each a process of its own; peak memory and first pass are the largest.
json timing(const std::vector<sweep::Part>& parts) {
  json all = parts[0].result.at("timing");
  for (size_t i = 1; i < parts.size(); ++i) {
    const auto& one = parts[i].result.at("timing");
    all["started"] = std::min(all["started"].get<std::string>(), one.at("started").get<std::string>());
    for (const char* sum : {"load_s", "run_s"}) all[sum] = all[sum].get<double>() + one.at(sum).get<double>();
    for (const char* most : {"first_pass_s", "peak_memory_gb"}) {
      all[most] = std::max(all[most].get<double>(), one.at(most).get<double>());
    }
    all["tokens"] = all["tokens"].get<int64_t>() + one.at("tokens").get<int64_t>();
  }
  all["tokens_per_s"] = all["tokens"].get<double>() / std::max(1e-9, all["run_s"].get<double>());
  return all;
}

json warnings(const std::vector<sweep::Part>& parts) {
  auto all = json::array();
  for (const auto& part : parts) {
    for (const auto& warning : part.result.at("warnings")) {
      all.push_back(fmt::format("{}: {}", part.file.filename().string(), warning.get<std::string>()));
    }
  }
  return all;
}

/// A merged result must not take a part's place, nor its sidecar's.
void check_out(const Options& o) {
  sweep::check_name(o.out);
  for (const auto& part : o.parts) {
    std::error_code absent;
    if (std::filesystem::equivalent(part, o.out, absent) ||
        std::filesystem::equivalent(sweep::sidecar_of(part), sweep::sidecar_of(o.out), absent)) {
      throw InputError(fmt::format("--out {}: is the part {}, or shares its .safetensors file", o.out, part));
    }
  }
}

void run(const Options& o) {
  check_out(o);
  result::check_writable(o.out, o.force ? result::Existing::replace : result::Existing::refuse);
  std::vector<sweep::Part> parts;
  for (const auto& file : o.parts) parts.push_back(sweep::read_part(file));
  const auto measured = sweep::assemble(parts);
  json result = parts[0].result;  // the sections that all parts share
  result.erase("shard");
  result["experiment"] = "vocab-sweep";
  result["command"] = app::command_line();
  result["timing"] = timing(parts);
  result["metrics"] = sweep::metrics(measured.plan);
  result["results"] = sweep::write_findings(measured, o.out);
  result["warnings"] = warnings(parts);
  for (const auto& warning : sweep::screen_warnings(measured)) result["warnings"].push_back(warning);
  result::write_json(o.out, result, o.force ? result::Existing::replace : result::Existing::refuse);
  if (!measured.plan.screens || measured.tables.contains(sweep::PassOf::refine)) return;
  const auto left = result["results"]["screen"]["to_refine"].size();
  if (left == 0) return;
  fmt::print("{} ids are left to measure in full; run this, then merge all parts and its result:\n  {}\n", left,
             sweep::command_of(parts[0], "0/1", "REFINED.json", o.out));
}

}  // namespace

commands::Command merge() {
  return {"merge", "join the results of a vocab-sweep's shards",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("parts", o->parts, "the shards' --out files")
                ->required()
                ->type_name(app::kPartType)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            app.add_option("--out", o->out, "the result file")->required()->type_name(app::kOutputType);
            app.add_flag("--force", o->force, "replace an existing result");
            app.callback([o] { run(*o); });
          },
          commands::kParts};
}

}  // namespace sinkscope::experiments
