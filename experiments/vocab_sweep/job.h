#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/vocab_sweep/options.h"
#include "experiments/vocab_sweep/plan.h"
#include "experiments/vocab_sweep/work.h"
#include "sinkscope/app/run.h"
#include "sinkscope/app/shard.h"
#include "sinkscope/result/journal.h"

namespace sinkscope::experiments::sweep {

/// What one process of a sweep has to do, and where its result goes: everything but the weights.
struct Job {
  Plan plan;
  std::vector<Share> shares;
  std::string shard;        ///< "3/8" of a part; "" where one process does the whole sweep
  nlohmann::json identity;  ///< what changes a number; null in a dry run, which does not hash the weights
  nlohmann::json refine;    ///< the hash of the ids that --refine names; null without
  std::filesystem::path out;

  bool is_part() const { return !shard.empty(); }
  std::string hash() const;  ///< of the identity
  std::filesystem::path journal_file() const;
};

/// `options.run.out` is this shard's file. Throws InputError where plan or --refine do not fit the run.
Job prepare(const Options&, const app::Run&, app::Shard);

/// Whether a result of exactly this job is there, with its sidecar; of any other it throws InputError.
bool is_done(const Job&);

/// The job's journal, made or taken up.
result::Journal open_journal(const Job&);

}  // namespace sinkscope::experiments::sweep
