#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

// Beside the verdict: what else a reviewer would ask about the signal.

/// Channels that tell token 0 from others as well as the signal does, or are larger, and what each does alone.
class Suspects {
 public:
  Suspects(trials::Runner&, const Evidence&, const Alone&);
  const std::vector<intervene::Trial>& trials() const { return trials_; }
  /// Of a list that holds trials(): [{"dimension", "effect_size", "auc", "p", "written", "removed", "reading"}]: "does
  /// nothing" where neither the written nor the removed interval leaves the equivalence bounds.
  nlohmann::json judge(trials::Runner&, const std::vector<Measured>&) const;

 private:
  SiteTrace trace_;
  at::Tensor auc_;
  std::vector<double> by_chance_;
  model::Site site_;
  std::vector<int64_t> dimensions_;
  std::vector<intervene::Trial> trials_;
};

/// Channels that the neurons of the massive activation's MLP read and that natural tokens do not move, moved as far as
/// the signal moves: [{ "dimension", "moved_by", "natural_share"}] (how far token 0 or the range of all tokens moves
/// it, of that) of those that make a sink (half that chooses). Empty where no MLP writes one.
nlohmann::json find_dormant(trials::Runner&, const Evidence&, const Alone&);

/// `about` of Backup's trials: its removal is the massive activation clamped at token 0.
inline const nlohmann::json kBackup{{"part", "backup"}};

/// Its dimensions.
Signal signal_of(const measure::MassiveActivation&);

/// Whether the sink outlives the massive activation because another block before the sink, which wrote none, then
/// writes its own:
/// {"sink_left", "sink_stays", "flagged", "blocks": [{"layer", "written", "without"}]}. Null without one.
class Backup {
 public:
  Backup(const trials::Runner&, const Alone&);
  const std::vector<intervene::Trial>& trials() const { return trials_; }
  /// Of a list that holds trials() and the self-only condition.
  nlohmann::json judge(trials::Runner&, const std::vector<Measured>&) const;

 private:
  std::vector<intervene::Trial> trials_;
};

/// The later token sees only itself; it sees exactly one key, which is another.
std::vector<intervene::Trial> self_only_trials(const Alone&);
/// Of a list that holds them: "itself" or "one key": whether a row that sees exactly one other key gets the signal as
/// one that sees itself does.
nlohmann::json judge_one_key(trials::Runner&, const std::vector<Measured>&);

}  // namespace sinkscope::experiments::identification
