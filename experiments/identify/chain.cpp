#include "experiments/identify/chain.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "experiments/identify/arrows.h"
#include "experiments/identify/flags.h"
#include "experiments/identify/rules.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Role;
using nlohmann::json;
using trials::Outcome;

json about_chain(const char* what) {
  return {{"part", "chain"}, {"what", what}};
}
constexpr char kEmbedding[] = "embedding", kSignal[] = "signal", kMassive[] = "massive activation", kKeys[] = "keys";

/// The embedding that the same sample has at another token.
intervene::Edit embedding_of(int64_t from, int64_t to) {
  auto edit = level_of({model::Point::embed}, {}, from, to);
  edit.operation = intervene::Operation::copy;
  return edit;
}

json about_earlier(size_t stage) {
  return {{"part", "earlier stage"}, {"earlier_stage", stage}};
}

struct Random {
  int64_t moves = 0, as_far = 0;
};

/// Random moves of the size of a removal that leave token 0 as little.
Random moves_as_far(const Outcome& removal) {
  Random found;
  const double left = level(removal, kLater).first;
  for (; removal.random.defined() && found.moves < removal.random.size(1); ++found.moves) {
    if (level(removal.random.select(1, found.moves), kLater).first <= left) ++found.as_far;
  }
  return found;
}

}  // namespace

Chain::Chain(const trials::Runner& r, const Alone& alone, const std::vector<EarlierSignal>& earlier)
    : token_(alone.token), earlier_(earlier) {
  add(Role::removal, kEmbedding, about_chain(kEmbedding), embedding_of(token_, 0));
  add(Role::writing, kEmbedding, about_chain(kEmbedding), embedding_of(0, token_));
  for (auto& trial : trials_) trial.random_controls = false;  // whether it does anything is the question
  if (const auto& massive = r.massive_activation()) {
    add(Role::writing, kMassive, about_chain(kMassive), level_of(massive->site, signal_of(*massive), 0, token_));
  }
  const model::Site keys{model::Point::k, r.sink_layer()};
  add(Role::removal, kKeys, about_chain(kKeys), level_of(keys, {}, token_, 0));
  add(Role::writing, kKeys, about_chain(kKeys), level_of(keys, {}, 0, token_));
  for (const auto& one : earlier_) {
    const auto what = fmt::format("signal of stage {}", one.stage);
    add(Role::removal, what, about_earlier(one.stage), level_of(one.site, one.signal, token_, 0));
    auto given = level_of(one.site, one.signal, 0, token_);
    if (one.copied) given.operation = intervene::Operation::copy;
    add(Role::writing, what, about_earlier(one.stage), given);
  }
}

void Chain::add(Role role, const std::string& what, const json& about, const intervene::Edit& edit) {
  trials_.push_back({.name = fmt::format("chain: {} {} at {}", role == Role::removal ? "remove" : "write", what,
                                         trials::short_name(edit.site)),
                     .role = role,
                     .about = about,
                     .edits = {edit}});
}

json Chain::judge(trials::Runner& r, const std::vector<Measured>& measured, const Verdict& verdict) const {
  std::vector<Arrow> arrows;
  const auto of = [&](Role role, const json& about) { return &measured_of(measured, role, about); };
  const auto own = [&](const char* from, const Target& to) {
    arrows.push_back({from, &to, of(Role::removal, about_chain(from)), of(Role::writing, about_chain(from))});
  };
  const auto& massive = r.massive_activation();
  const auto sink = sink_target(r), keys = keys_target(r, token_);
  const auto norm = massive ? massive_target(r) : Target();
  const auto signal = verdict.signal ? signal_target(r, *verdict.signal, token_) : Target();
  if (verdict.signal) {
    const auto& evidence = *verdict.signal;
    own(kEmbedding, signal);
    arrows.push_back({"seeing only itself", &signal, nullptr, of(Role::condition, kItself)});
    const auto* removal = of(Role::removal, evidence.about());
    const auto* writing = of(Role::writing, evidence.about(0));
    if (massive && model::before(evidence.candidate().site, massive->site)) {
      arrows.push_back({kSignal, &norm, removal, writing});
    }
    arrows.push_back({kSignal, &keys, removal, writing});
    arrows.push_back({kSignal, &sink, removal, writing});
  } else {
    own(kEmbedding, sink);
  }
  if (massive) {
    const auto* removal = of(Role::removal, kBackup);
    const auto* writing = of(Role::writing, about_chain(kMassive));
    arrows.push_back({kMassive, &keys, removal, writing});
    arrows.push_back({kMassive, &sink, removal, writing});
  }
  own(kKeys, sink);
  return to_json(r, arrows);
}

json Chain::judge_earlier(trials::Runner& r, const std::vector<Measured>& measured) const {
  auto list = json::array();
  const auto unedited = r.unedited().sink(0);
  for (const auto& one : earlier_) {
    const auto& removal = outcome_of(measured, Role::removal, about_earlier(one.stage));
    const auto& writing = outcome_of(measured, Role::writing, about_earlier(one.stage));
    const auto random = moves_as_far(removal);
    std::string answer = needed(r.bootstrap(), r.options().equivalence, unedited, removal.sink(0), removal.ordinary());
    if (answer != "no" && few_enough(random.as_far, random.moves) != Met::yes) answer = "open";
    list.push_back({{"stage", one.stage},
                    {"site", model::name(one.site)},
                    {"needed", answer},
                    {"removed", effect(r, unedited, removal.sink(0))},
                    {"written", effect(r, r.unedited().sink(kLater), writing.sink(kLater))},
                    {"random", {{"moves", random.moves}, {"as_far", random.as_far}}}});
  }
  return list;
}

}  // namespace sinkscope::experiments::identification
