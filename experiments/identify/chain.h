#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/identify/verdict.h"

namespace sinkscope::experiments::identification {

/// What an earlier stage of the sink was found to rest on.
struct EarlierSignal {
  size_t stage = 0;
  model::Site site = {};
  Signal signal = {};
  bool copied = false;  ///< each sample has its own level
};

/// How one stage of the sink comes about: embedding, and seeing only itself -> signal -> massive activation -> keys ->
/// sink, and whether it reads what an earlier stage rests on. Each arrow is two edits: what comes first taken from
/// token 0, and given to the later token; of the embedding the two tokens' own are exchanged, one at a time.
class Chain {
 public:
  Chain(const trials::Runner&, const Alone&, const std::vector<EarlierSignal>&);

  /// Those that no other part of identify makes.
  const std::vector<intervene::Trial>& trials() const { return trials_; }

  /// Of a list that holds trials(), self_only_trials(), those of the evidence and Backup's: its arrows (arrows.h) in
  /// the order of the pass. Where there is no signal the embedding's goes to the sink.
  nlohmann::json judge(trials::Runner&, const std::vector<Measured>&, const Verdict&) const;

  /// [{"stage", "site", "needed", "removed", "written", "random": {"moves", "as_far"}}]: whether token 0's sink needs
  /// the earlier signal; open, too, where more than few random moves of the same size lower it as far.
  nlohmann::json judge_earlier(trials::Runner&, const std::vector<Measured>&) const;

 private:
  /// Of Role::removal or Role::writing.
  void add(intervene::Role, const std::string& what, const nlohmann::json& about, const intervene::Edit&);

  int64_t token_;  // the later one
  std::vector<EarlierSignal> earlier_;
  std::vector<intervene::Trial> trials_;
};

}  // namespace sinkscope::experiments::identification
