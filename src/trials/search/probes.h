#pragma once

#include "sinkscope/trials/search/search.h"

namespace sinkscope::trials::search {

/// The questions that are asked of one site, a probe each.
class Probes {
 public:
  Probes(Runner&, const model::Site&, const Alone&);

  /// At token 0's mean level; after take_own(), at the same sample's.
  Level written(const Signal&);
  void take_own(bool own) { own_ = own; }
  /// As the same sample has it where the later token sees only itself.
  Level copied(const Signal&);
  /// At the later token's mean level.
  Level removed(const Signal&);

  bool makes(const Level& found) const {
    return makes_sink(found, unedited_.first, share_) && gain(found) >= wanted_gain_;
  }
  /// Where the whole vector makes half a sink and hardly more, that is what a signal must do.
  void want_what(const Level& whole);
  /// From now on a signal must do nearly all that the whole vector does; or what makes a sink.
  void want_everything();
  void want_a_sink() { wanted_gain_ = -1; }
  bool ends(const Level& found) const { return ends_sink(found, unedited_.first); }
  double gain(const Level& found) const { return found.later - unedited_.later; }

 private:
  Level probe(intervene::Role, const Signal&, intervene::Edit);

  Runner& r_;
  const model::Site& site_;
  const Alone& alone_;
  Level unedited_;
  double wanted_gain_ = -1, share_ = kMargin * kHalf;
  bool own_ = false;
};

/// The fewest directions that make a sink when written and end token 0's when removed, and the fewest channels in which
/// they do nearly as well; where the candidate has a small set of channels, directions that do nearly as well as the
/// set, or else the set. Into the candidate's sufficient signals, and what was tried into `tried`; where nothing is
/// enough, they stay as they are.
void find_directions(Probes&, Runner&, const Alone&, Candidate&);

}  // namespace sinkscope::trials::search
