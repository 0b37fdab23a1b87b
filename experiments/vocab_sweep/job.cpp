#include "experiments/vocab_sweep/job.h"

#include <fmt/format.h>

#include "experiments/vocab_sweep/part.h"
#include "experiments/vocab_sweep/result.h"
#include "sinkscope/error.h"
#include "sinkscope/result/read_result.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::experiments::sweep {
namespace {

using nlohmann::json;

/// The ids that a merged screen of this run says are to be measured in full.
std::vector<int64_t> read_refine(const std::filesystem::path& file, const json& identity) {
  const std::string expected = "what merge made of the parts of --strategy screen";
  const auto screen = result::read_result(file, expected);
  const json::json_pointer place("/results/screen/to_refine");
  if (!screen.contains(place) || !screen.contains("identity")) {
    throw InputError(fmt::format("--refine {}: expected {}", file.string(), expected));
  }
  if (screen["identity"] != result::sha256(identity.dump())) {
    throw InputError(fmt::format("--refine {}: is from another run:{}", file.string(),
                                 result::differences(identity_of(screen, screen["plan"]), identity, "there")));
  }
  return screen.at(place);
}

bool is_of(const Job& job, const json& found) {
  if (found.value("identity", json()) != job.hash() || found.value("shard", json("")) != job.shard) return false;
  if (!std::filesystem::exists(sidecar_of(job.out))) return false;
  if (!job.is_part()) return true;
  const auto pieces = read_part(job.out).pieces;
  bool has_all = pieces.size() == job.shares.size();
  for (const auto& share : job.shares) has_all = has_all && pieces.contains(share.pass.of);
  return has_all;
}

}  // namespace

std::string Job::hash() const {
  return result::sha256(identity.dump());
}

std::filesystem::path Job::journal_file() const {
  return std::filesystem::path(out).replace_extension(".journal");
}

Job prepare(const Options& o, const app::Run& r, app::Shard shard) {
  Job job;
  job.plan = make_plan(o, r.inputs());
  if (o.is_part()) job.shard = app::to_string(shard);
  job.out = o.run.out;
  const bool only_plans = o.run.dry_run && o.refine.empty();
  if (!only_plans) job.identity = identity_of(r.provenance(), to_json(job.plan));
  auto passes = first_passes(job.plan);
  if (!o.refine.empty()) {
    passes = {refine_pass(job.plan, read_refine(o.refine, job.identity))};
    job.refine = hash_of(passes[0].ids);
  }
  job.shares = shares(passes, shard);
  return job;
}

bool is_done(const Job& job) {
  if (!std::filesystem::exists(job.out)) return false;
  const auto refuse = [&](const std::string& why) {
    throw InputError(fmt::format("--out {}: already exists, {}; --force replaces it", job.out.string(), why));
  };
  try {
    if (is_of(job, result::read_result(job.out))) return true;
  } catch (const InputError& e) {
    refuse(fmt::format("and is not a result of this program ({})", e.what()));
  }
  refuse("from another run or without its .safetensors file");
  return false;
}

result::Journal open_journal(const Job& job) {
  return {
      job.journal_file(),
      {{"identity", job.identity}, {"shard", job.shard}, {"refine", job.refine}, {"units", units_to_json(job.shares)}}};
}

}  // namespace sinkscope::experiments::sweep
