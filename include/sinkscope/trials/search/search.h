#pragma once

#include <optional>
#include <vector>

#include "sinkscope/trials/search/alone.h"
#include "sinkscope/trials/search/signal.h"
#include "sinkscope/trials/search/site_trace.h"

namespace sinkscope::trials::search {

inline constexpr int64_t kLater = 1;  ///< the later token among the tracked ones

/// The rule's bars (README of the page that `identify` writes; section 9 of the definitions).
inline constexpr double kHalf = 0.5;          ///< of what token 0 gets from the same queries: a sink is made
inline constexpr double kTimesOrdinary = 10;  ///< and of an ordinary token's level
inline constexpr double kMargin = 1.2;  ///< in the search: of the half, since what is chosen loses on other samples
inline constexpr double kAgainstCompetition = 0.25;  ///< in the search: and of the unedited sink
inline constexpr double kBack = 0.1;         ///< of the unedited sink, over an ordinary token's: a sink has ended
inline constexpr size_t kMostChannels = 16;  ///< more are no channels but a direction
inline constexpr size_t kMostSets = 4;       ///< disjoint sufficient sets that are looked for

/// Mean attention to token 0, to tracked token `which`, and to an ordinary token, over the samples that count.
struct Level {
  double first = 0, later = 0, ordinary = 0;
};
Level level(const Outcome&, int64_t which);

/// The same of one reading at the sink layer, [n, tracked + 1].
Level level(const at::Tensor& attention, int64_t which);

/// The later token has become a sink beside token 0, which had `unedited`: it has this share of what token 0 has.
bool makes_sink(const Level&, double unedited, double share = kMargin * kHalf);

/// Token 0 is a sink no more.
bool ends_sink(const Level&, double unedited);

/// One form that the signal may have.
struct Tried {
  Signal signal = {};
  Level written = {};
  std::optional<Level> removed = {};  ///< not asked where writing it is not enough
  bool enough = false;  ///< makes a sink, and nearly what the form makes that it would replace; removed, ends one
};

/// What the half that chooses says of one site.
struct Candidate {
  model::Site site = {};
  bool own_suffices = false;    ///< token 0's own row makes the later token a sink: the signal is here in some form
  bool level_suffices = false;  ///< its mean over samples does too: the signal is a level, the same for all
  bool removal_ends = false;    ///< the later token's mean row at token 0 ends its sink
  Level own = {}, whole = {}, removed = {};  ///< what these three were read from
  std::vector<Signal> sufficient = {};       ///< disjoint, each makes a sink when written
  bool each_needed = false;                  ///< of the first set's channels, none can go
  bool apart = false;  ///< the first set's channels work each by itself and add up: circuits of their own
  std::optional<Signal> sparse = {};  ///< the first signal's directions in the fewest channels that do nearly as well
  std::optional<Signal> fewer =
      {};               ///< directions fewer than the first signal has numbers: of those tried the ones that made most
  bool copied = false;  ///< a level of each sample's own: written as the same sample has it at token 0
  std::vector<Tried> tried = {};     ///< for the fewest directions and channels that are enough
  std::vector<int64_t> needed = {};  ///< a smallest set whose removal at token 0 ends its sink
  bool found() const { return !sufficient.empty(); }
};

nlohmann::json to_json(const Level&);
nlohmann::json to_json(const Candidate&);

/// Sites where the signal may be: the residual after each attention and each MLP from block `first` on, below the
/// sink's layer.
std::vector<model::Site> candidate_sites(int64_t sink_layer, int64_t first = 0);

/// The rows of these sites that search and evidence look at.
void gather(Runner&, const std::vector<model::Site>&, const Alone&);

enum class Ask {
  fewest,    ///< the fewest directions, and in how few channels
  channels,  ///< the smallest sets of channels; also of what only token 0's own row has, and the smallest needed set
             ///< where none suffices
};

/// Looks for signals at a site whose rows were gathered.
Candidate search(Runner&, const model::Site&, const Alone&, Ask = Ask::fewest);

}  // namespace sinkscope::trials::search
