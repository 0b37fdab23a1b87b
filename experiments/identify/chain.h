#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/identify/verdict.h"

namespace sinkscope::experiments::identification {

/// How one stage of the sink comes about: embedding, and seeing only itself -> signal -> massive activation -> keys ->
/// sink. Each arrow is two edits: what comes first taken from
/// token 0, and given to the later token; of the embedding the two tokens' own are exchanged, one at a time.
class Chain {
 public:
  Chain(const trials::Runner&, const Alone&);

  /// Those that no other part of identify makes.
  const std::vector<intervene::Trial>& trials() const { return trials_; }

  /// Of a list that holds trials(), self_only_trials(), those of the evidence and Backup's: its arrows (arrows.h) in
  /// the order of the pass. Where there is no signal the embedding's goes to the sink.
  nlohmann::json judge(trials::Runner&, const std::vector<Measured>&, const Verdict&) const;

 private:
  /// Of Role::removal or Role::writing.
  void add(intervene::Role, const char* what, const nlohmann::json& about, const intervene::Edit&);

  int64_t token_;  // the later one
  std::vector<intervene::Trial> trials_;
};

}  // namespace sinkscope::experiments::identification
