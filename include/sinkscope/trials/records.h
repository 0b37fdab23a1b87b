#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "sinkscope/intervene/trial.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/trials/outcome.h"

namespace sinkscope::trials {

/// How much of a trial is made.
enum class Depth {
  probe,  ///< the sink and the massive activation, without controls
  whole,  ///< every outcome, with the controls
};

/// What a record of the journal begins with: of a trial as intervene::to_json writes it, over one batch.
std::string key_of(const nlohmann::json& trial, int64_t batch, Depth);
/// The key in a record.
std::string key_in(const std::string& payload);

/// Outcomes by trial and batch, in a journal: a run that was killed goes on from them.
class Records {
 public:
  /// Takes up the journal at `file`. Throws InputError where it is of another run.
  Records(const std::filesystem::path& file, const nlohmann::json& header);

  /// Takes in what another process's journal holds by now, where there is one. Throws InputError where it is of another
  /// run.
  void look(const std::filesystem::path& file);

  /// Bytes that a kill tore off the end.
  int64_t cut() const { return journal_.cut(); }

  bool has(const intervene::Trial&, int64_t batch, Depth) const;
  void add(const intervene::Trial&, int64_t batch, Depth, const Outcome&);

  /// Of all batches, which must be there.
  Outcome joined(const intervene::Trial&, int64_t batches, Depth) const;

 private:
  std::map<std::string, std::string> outcomes_;  // bytes by key
  std::map<std::filesystem::path, result::FollowedJournal> others_;
  nlohmann::json header_;
  result::Journal journal_;
};

}  // namespace sinkscope::trials
