#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/app/shard.h"
#include "sinkscope/intervene/trial.h"
#include "sinkscope/result/journal.h"
#include "sinkscope/trials/options.h"

namespace sinkscope::trials {

class JournaledPasses;

/// Trials that are measured together: those of one stage of the sink, or of the whole run.
struct SharedList {
  size_t stage = 0;
  nlohmann::json trials;  ///< as intervene::to_json writes them
};

/// How the shards of one run work together, by files beside --out. Shard 0 chooses the trials, writes every list of
/// them down, and writes the result. Each shard measures its share of a list into a journal of its own, which shard 0
/// reads. What a shard that shows no life leaves undone is done by shard 0.
class Sharing {
 public:
  /// `patience`: seconds without a new record after which the other shards are taken as lost.
  Sharing(app::Shard, std::filesystem::path out, int64_t patience, Ending);

  bool is_shared() const { return shard_.count > 1; }
  bool is_helper() const { return shard_.index > 0; }
  int64_t shards() const { return shard_.count; }

  /// Every n-th of a list, from this shard's number on.
  std::vector<intervene::Trial> own(const std::vector<intervene::Trial>&) const;

  /// Where this shard keeps what shard 0 keeps in `file`.
  std::filesystem::path journal(const std::filesystem::path& file) const { return journal_of(shard_.index, file); }
  /// Those of the others.
  std::vector<std::filesystem::path> others(const std::filesystem::path& file) const;

  // Shard 0's

  /// Trials over so many batches. Takes up what an earlier process wrote. Throws std::runtime_error where that chose
  /// other trials.
  void write_down(size_t stage, const std::vector<intervene::Trial>&, int64_t batches, const nlohmann::json& header);
  /// Until all of the list is in the shards' journals, or nothing has come for too long.
  void wait_for(const std::vector<intervene::Trial>&, JournaledPasses&);
  /// There is no more to do for the others.
  void end(const nlohmann::json& header);
  /// Deletes journals that nobody writes to any more; waits a moment for shards that are about to end.
  void remove(const std::vector<std::filesystem::path>&);

  // The others'

  /// The next list; nothing after the last. Throws InputError where shard 0 works on another run, and
  /// std::runtime_error where nothing is heard of it for twelve times the patience.
  std::optional<SharedList> next(const nlohmann::json& header);

  /// The lists' own journal.
  std::filesystem::path lists() const;

 private:
  std::filesystem::path journal_of(int64_t shard, std::filesystem::path file) const;
  result::Journal& written(const nlohmann::json& header);
  bool has_ended(bool begun) const;

  app::Shard shard_;
  std::filesystem::path out_;
  int64_t patience_;
  Ending ending_;
  std::unique_ptr<result::Journal> written_;
  std::optional<result::FollowedJournal> followed_;
  std::map<int64_t, std::string> lists_;  // what was read there
  int64_t number_ = 0;                    // of the next list
};

}  // namespace sinkscope::trials
