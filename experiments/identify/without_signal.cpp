#include "experiments/identify/without_signal.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "sinkscope/model/pass_cache.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Adjust;
using intervene::Edit;

constexpr int64_t kMoves = 20;         // at most: each is a pass from every carrier on
constexpr int64_t kNaturalRows = 512;  // of which random moves are made
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// [n] of values [n, T] where the mask is true; NaN where it never is.
at::Tensor mean_where(const at::Tensor& values, const at::Tensor& mask) {
  return at::where(mask, values, at::zeros_like(values)).sum(1) / mask.sum(1).to(at::kDouble);
}

/// Numbers of the tokens of a batch where the mask [n, T] is true, as if its samples were one text.
at::Tensor tokens_of(const at::Tensor& mask, at::Device device) {
  return mask.flatten().nonzero().flatten().to(device);
}

/// Their rows [m, D] float32 of [n, T, D].
at::Tensor rows_of(const at::Tensor& x, const at::Tensor& mask) {
  return x.flatten(0, 1).index_select(0, tokens_of(mask, x.device())).to(at::kFloat);
}

/// The edit at these tokens of a batch alone. `level` [1, 1, D]: the row whose coordinates they get.
model::Taps::Edit at_tokens(const at::Tensor& mask, const Edit& edit, const at::Tensor& level, const Adjust& adjust) {
  return [=](const at::Tensor& x) {
    const auto rows = rows_of(x, mask).unsqueeze(1);
    auto after = intervene::changed(edit, rows, level);
    if (adjust) after = adjust(rows, after);
    const auto tokens = tokens_of(mask, x.device());
    return x.flatten(0, 1).index_copy(0, tokens, after.squeeze(1).to(x.scalar_type())).view(x.sizes());
  };
}

class Passes {
 public:
  Passes(trials::Runner& r, const std::vector<const Evidence*>& carriers, const Asked& asked)
      : r_(r), asked_(asked), samples_(asked.sinks.size(0)) {
    const auto with_sinks = asked.sinks.any(1).index_select(0, r.testing());
    parts_ = trials::cut_parts(r.run(), r.testing().masked_select(with_sinks));
    for (const auto* carrier : carriers) {
      const auto& site = carrier->candidate().site;
      found_.push_back({.carrier = carrier, .share = at::full({samples_}, kNone, at::kDouble), .edited = levels()});
      edits_.push_back(level_of(site, carrier->whole(), 0, 0));
      ordinary_.push_back(ordinary_rows(site));
    }
    natural_.resize(carriers.size());
  }

  /// Shares and levels without edits, and rows for the random moves.
  void read(SinkLevels& unedited) {
    for (const auto& part : parts_) {
      const auto asked = asked_of(part);
      model::Taps taps(r_.run().config());
      for (size_t i = 0; i < found_.size(); ++i) {
        taps.read(site(i), [this, i, &part, &asked](const at::Tensor& x) { take_rows(i, part, asked, x); });
      }
      measure::AttentionByKey attention(r_.sink_layer());
      attention.attach(taps, part.batch.lengths, part.batch.ids.size(1));
      r_.run().forward(part.batch, taps);
      unedited.put(part.samples, attention.to_key(), attention.to_first(), asked);
    }
  }

  std::vector<WithoutSignal> edit() {
    const auto moves = std::min(kMoves, r_.options().controls);
    for (auto& one : found_) {
      for (int64_t move = 0; move < moves; ++move) one.random.push_back(levels());
    }
    std::vector<model::Site> starts;
    for (size_t i = 0; i < found_.size(); ++i) starts.push_back(model::start_of(site(i), r_.run().config()));
    for (const auto& part : parts_) {
      model::PassCache cache(starts);
      model::Taps taps(r_.run().config());
      cache.attach(taps);
      r_.run().forward(part.batch, taps);
      for (size_t i = 0; i < found_.size(); ++i) {
        const auto start = cache.at(starts[i]);
        run(i, part, start, {}, found_[i].edited);
        for (int64_t move = 0; move < moves; ++move) {
          run(i, part, start, random(i, move), found_[i].random[static_cast<size_t>(move)]);
        }
      }
    }
    return std::move(found_);
  }

 private:
  const model::Site& site(size_t carrier) const { return edits_[carrier].site; }
  /// [m, D] float32: tokens 1 to 8 of the samples that choose, without the sinks among them.
  at::Tensor ordinary_rows(const model::Site& site) const {
    const auto rows = traced_rows(r_, "unedited", site, r_.choosing()).slice(1, 1);
    const auto sinks = asked_.sinks.index_select(0, r_.choosing()).slice(1, 1, kLastTraced + 1);
    return rows_of(rows, sinks.logical_not());
  }

  SinkLevels levels() const { return SinkLevels(samples_); }

  Asked asked_of(const trials::Part& part) const {
    return {asked_.sinks.index_select(0, part.samples), asked_.others.index_select(0, part.samples)};
  }

  void take_rows(size_t carrier, const trials::Part& part, const Asked& asked, const at::Tensor& x) {
    const auto rows = rows_of(x, asked.sinks);
    auto shares = at::zeros(asked.sinks.sizes(), at::kDouble);
    shares.masked_scatter_(asked.sinks, found_[carrier].carrier->share_of_way(rows, ordinary_[carrier]));
    found_[carrier].share.index_copy_(0, part.samples, mean_where(shares, asked.sinks));
    auto& natural = natural_[carrier];
    const auto more = rows.slice(0, 0, kNaturalRows - (natural.defined() ? natural.size(0) : 0));
    natural = natural.defined() ? at::cat({natural, more}) : more;
  }

  Adjust random(size_t carrier, int64_t move) const {
    const auto reader = r_.run().model().reader_of(site(carrier));
    const auto seed = static_cast<uint64_t>(r_.run().options().seed) + 1'000'003 * static_cast<uint64_t>(move);
    return intervene::random_move(edits_[carrier], reader ? reader->norm.weight : at::Tensor(), natural_[carrier],
                                  seed);
  }

  void run(size_t carrier, const trials::Part& part, const model::Start& start, const Adjust& adjust,
           SinkLevels& into) {
    const auto asked = asked_of(part);
    model::Taps taps(r_.run().config());
    taps.edit(site(carrier),
              at_tokens(asked.sinks, edits_[carrier], ordinary_[carrier].mean(0).view({1, 1, -1}), adjust));
    measure::AttentionByKey attention(r_.sink_layer());
    attention.attach(taps, part.batch.lengths, part.batch.ids.size(1));
    r_.run().resume(start, taps);
    into.put(part.samples, attention.to_key(), attention.to_first(), asked);
  }

  trials::Runner& r_;
  const Asked& asked_;
  int64_t samples_;
  std::vector<trials::Part> parts_;
  std::vector<WithoutSignal> found_;
  std::vector<Edit> edits_;           // by carrier
  std::vector<at::Tensor> ordinary_;  // [m, D]
  std::vector<at::Tensor> natural_;   // [m, D]
};

}  // namespace

SinkLevels::SinkLevels(int64_t samples)
    : sinks(at::full({samples}, kNone, at::kDouble)), first(sinks.clone()), others(sinks.clone()) {}

void SinkLevels::put(const at::Tensor& samples, const at::Tensor& attention, const at::Tensor& to_first,
                     const Asked& asked) {
  sinks.index_copy_(0, samples, mean_where(attention, asked.sinks));
  first.index_copy_(0, samples, mean_where(to_first, asked.sinks));
  others.index_copy_(0, samples, mean_where(attention, asked.others));
}

std::vector<WithoutSignal> without_signal(trials::Runner& r, const std::vector<const Evidence*>& carriers,
                                          const Asked& asked, SinkLevels& unedited) {
  Passes passes(r, carriers, asked);
  passes.read(unedited);
  return passes.edit();
}

}  // namespace sinkscope::experiments::identification
