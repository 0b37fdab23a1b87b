#include "experiments/identify/chain.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "experiments/identify/arrows.h"
#include "experiments/identify/flags.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

using intervene::Role;
using nlohmann::json;

json about_chain(const char* what) {
  return {{"part", "chain"}, {"what", what}};
}
constexpr char kEmbedding[] = "embedding", kSignal[] = "signal", kMassive[] = "massive activation", kKeys[] = "keys";

}  // namespace

Chain::Chain(const trials::Runner& r, const Alone& alone) : token_(alone.token) {
  add(Role::removal, kEmbedding, about_chain(kEmbedding), own_of({model::Point::embed}, {}, token_, 0));
  add(Role::writing, kEmbedding, about_chain(kEmbedding), own_of({model::Point::embed}, {}, 0, token_));
  for (auto& trial : trials_) trial.random_controls = false;  // whether it does anything is the question
  if (const auto& massive = r.massive_activation()) {
    add(Role::writing, kMassive, about_chain(kMassive), level_of(massive->site, signal_of(*massive), 0, token_));
  }
  const model::Site keys{model::Point::k, r.sink_layer()};
  add(Role::removal, kKeys, about_chain(kKeys), level_of(keys, {}, token_, 0));
  add(Role::writing, kKeys, about_chain(kKeys), level_of(keys, {}, 0, token_));
}

void Chain::add(Role role, const char* what, const json& about, const intervene::Edit& edit) {
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

}  // namespace sinkscope::experiments::identification
