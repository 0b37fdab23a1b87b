// How many directions a signal is, and in how many channels.

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "sinkscope/trials/search/site_trace.h"
#include "sinkscope/trials/search/subspace.h"
#include "trials/search/probes.h"

namespace sinkscope::trials::search {
namespace {

constexpr int64_t kMostDirections = 8;
constexpr double kAsWell = 0.95;  // of what the larger form makes

/// Rows of the half that chooses, flat [.., D].
struct Rows {
  at::Tensor first;   ///< [n, D] token 0's
  at::Tensor others;  ///< [8 n, D] of tokens 1 to 8
  at::Tensor alone;   ///< [8 n, D] the same where every token sees only itself
  at::Tensor later;   ///< [n, D] of the token that is written to
  at::Tensor alike() const { return at::cat({first, alone}); }
};

Rows rows_at(Runner& r, const model::Site& site, const Alone& alone) {
  const auto natural = traced_rows(r, "unedited", site, r.choosing());
  const auto self_only = traced_rows(r, alone.all_run(), site, r.choosing());
  const auto& later = r.sources().at("unedited", site, alone.token);
  return {natural.select(1, 0), natural.slice(1, 1).flatten(0, 1), self_only.slice(1, 1).flatten(0, 1),
          later.index_select(0, r.choosing().to(later.device()))};
}

/// What seeing only itself adds, free of what a token says; token 0's mean less the others'; from the later token's
/// level to token 0's. Where two do not differ at all there is no direction.
std::vector<Signal> single_directions(const Rows& rows) {
  std::vector<Signal> list;
  for (const auto& shift : {(rows.alone - rows.others).mean(0), rows.first.mean(0) - rows.others.mean(0),
                            rows.first.mean(0) - rows.later.mean(0)}) {
    if (at::any(shift != 0).item<bool>()) list.push_back(along(shift));
  }
  return list;
}

class Directions {
 public:
  Directions(Probes& at, const model::Block& reader, Rows rows, Candidate& found)
      : at_(at), reader_(reader), rows_(std::move(rows)), found_(found) {}

  /// By the fewest directions, then the fewest channels: none where no form that was tried is enough. `few`: the
  /// smallest set of channels, if small, which fewer directions must do as well as.
  std::optional<Signal> fewest(const std::vector<int64_t>& few, bool own) {
    const auto set = few.empty() ? kMostDirections + 1 : static_cast<int64_t>(few.size());
    if (!few.empty()) bar_ = kAsWell * at_.gain(at_.written({.dimensions = few}));
    for (int64_t rank = 1; rank <= std::min(kMostDirections, set - 1); ++rank) {
      const auto all = of_rank(rank, own);
      auto best = best_of(all);
      if (!few.empty() && in_set(all, few, best)) return Signal{found_.tried.back().signal};
      if (best) {
        const auto sparse = in_fewest_channels(*best);
        if (sparse && sparse->dimensions.size() == 1) return Signal{.dimensions = sparse->dimensions};
        found_.sparse = sparse;
        return best;
      }
    }
    return few.empty() ? std::nullopt : std::optional(Signal{.dimensions = few});
  }

 private:
  /// Of token 0's rows, and those of tokens that see only themselves: principal components about other tokens' mean;
  /// and where they have one level and others have not, or of a level of each sample's own where they lie farther than
  /// others; and what the next MLP's neurons read.
  std::vector<Signal> of_rank(int64_t rank, bool own) {
    if (!own && rank == 1) return single_directions(rows_);
    if (spans_.empty()) {
      const auto alike = rows_.alike();
      spans_ = {principal(alike, rows_.others, kMostDirections),
                own ? directions_apart(alike, rows_.others, kMostDirections)
                    : directions_apart(rows_.others, alike, kMostDirections),
                read_by(reader_.ln2, reader_.mlp, alike, rows_.others, kMostDirections)};
    }
    std::vector<Signal> list;
    for (const auto& span : spans_) list.push_back({.basis = span.slice(0, 0, rank).contiguous()});
    return list;
  }

  /// Written it makes a sink, `bar` and more of it; removed it ends token 0's, if anything here does.
  bool enough(const Signal& signal, double bar) {
    Tried tried{.signal = signal, .written = at_.written(signal)};
    tried.enough = at_.makes(tried.written) && at_.gain(tried.written) >= bar;
    if (tried.enough) {
      tried.removed = at_.removed(signal);
      tried.enough = !found_.removal_ends || at_.ends(*tried.removed);
    }
    found_.tried.push_back(tried);
    return tried.enough;
  }
  double last_gain() const { return at_.gain(found_.tried.back().written); }

  /// The one that makes most, written and copied from the self-only run.
  std::optional<Signal> best_of(const std::vector<Signal>& list) {
    std::optional<Signal> best;
    gain_ = 0;
    double most = 0;
    for (const auto& one : list) {
      if (!enough(one, bar_)) continue;
      const double written = last_gain(), both = written + at_.gain(at_.copied(one));
      if (both <= most) continue;
      most = both;
      gain_ = written;
      best = one;
    }
    return best;
  }

  /// Whether the directions within the set do as well as the set, and as the best through all channels; the one that
  /// does was tried last.
  bool in_set(const std::vector<Signal>& all, const std::vector<int64_t>& few, const std::optional<Signal>& best) {
    const double bar = best ? std::max(bar_, kAsWell * gain_) : bar_;
    return std::any_of(all.begin(), all.end(), [&](const Signal& one) {
      return enough({.dimensions = few, .basis = within(one.basis, few)}, bar);
    });
  }

  /// As well as through all of them, written and copied from the self-only run: by bisection over the channels with the
  /// largest shares.
  std::optional<Signal> in_fewest_channels(const Signal& all) {
    const auto order = by_share(all.basis);
    const auto with = [&](int64_t count) {
      std::vector<int64_t> channels(order.begin(), order.begin() + count);
      std::sort(channels.begin(), channels.end());
      return Signal{.dimensions = channels, .basis = within(all.basis, channels)};
    };
    const double copied = kAsWell * at_.gain(at_.copied(all));
    int64_t too_few = all.rank() - 1, enough_channels = static_cast<int64_t>(order.size());
    while (enough_channels - too_few > 1) {
      const int64_t middle = std::midpoint(too_few, enough_channels);
      const auto part = with(middle);
      const bool does = enough(part, kAsWell * gain_) && at_.gain(at_.copied(part)) >= copied;
      (does ? enough_channels : too_few) = middle;
    }
    if (enough_channels == static_cast<int64_t>(order.size())) return std::nullopt;
    return with(enough_channels);
  }

  Probes& at_;
  const model::Block& reader_;
  Rows rows_;
  Candidate& found_;
  std::vector<at::Tensor> spans_;  // [kMostDirections, D] each, most promising first
  double bar_ = 0;                 // nearly what the set makes
  double gain_ = 0;                // what the best of a rank makes
};

}  // namespace

void find_directions(Probes& at, Runner& r, const Alone& alone, Candidate& found) {
  const bool small = found.found() && found.sufficient[0].dimensions.size() <= kMostChannels;
  const auto few = small ? found.sufficient[0].dimensions : std::vector<int64_t>{};
  at.want_a_sink();
  const auto& reader = r.run().model().block(model::next_mlp(found.site));
  const auto signal = Directions(at, reader, rows_at(r, found.site, alone), found).fewest(few, !found.level_suffices);
  if (!signal) return;
  found.each_needed = found.each_needed && !signal->is_directions();
  found.sufficient = {*signal};
}

}  // namespace sinkscope::trials::search
