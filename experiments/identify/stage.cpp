#include "experiments/identify/stage.h"

#include <fmt/format.h>

#include "experiments/identify/blocks.h"
#include "experiments/identify/chain.h"
#include "experiments/identify/flags.h"
#include "experiments/identify/later_sinks.h"
#include "sinkscope/trials/report.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

/// Why there is nothing to explain in a layer that was named; empty where there is.
std::string no_sink_here(const trials::Runner& r) {
  const auto layer = static_cast<size_t>(r.sink_layer());
  const double first = r.baseline().sink[layer], ordinary = r.baseline().ordinary[layer];
  if (first >= trials::kOverOrdinary * ordinary) return {};
  return fmt::format("{} In layer {} token 0 gets {:.3g}, an ordinary token {:.3g}.", kNoSink, layer, first, ordinary);
}

Verdict verdict_of(const trials::Runner& r, const std::vector<Evidence>& evidence) {
  const auto why_none = no_sink_here(r);
  return why_none.empty() ? decide(evidence) : no_sink(why_none);
}

void append(std::vector<intervene::Trial>& to, const std::vector<intervene::Trial>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// Where one is found, it joins what later stages are held against.
void add_earlier(size_t stage, const Verdict& verdict, std::vector<EarlierSignal>& earlier) {
  if (!verdict.signal) return;
  const auto& c = verdict.signal->candidate();
  earlier.push_back({stage, c.site, joined(c.sufficient), c.copied});
}

/// Where one is found: what else is like it.
void look_beside(trials::Runner& r, const Alone& alone, const Verdict& verdict, std::vector<Measured>& measured,
                 json& into) {
  into["suspects"] = into["dormant"] = json::array();
  if (!verdict.signal) return;
  const Suspects others(r, last_of_signal(verdict), alone);
  const auto more = r.measure(others.trials());
  into["suspects"] = others.judge(r, more);
  measured.insert(measured.end(), more.begin(), more.end());
  into["dormant"] = find_dormant(r, *verdict.signal, alone);
}

}  // namespace

json explain(trials::Runner& r, int64_t token, size_t stage, Found& found, const LaterTokens& later) {
  auto result = trials::to_json(r.baseline().stages[stage]);
  const auto alone = trials::search::find_alone(r, token);
  const auto sites = trials::search::candidate_sites(r.sink_layer(), r.first_layer());
  trials::search::gather(r, sites, alone);
  result["blocks"] = find_blocks(r, alone);
  auto looked_at = json::array();
  std::vector<Evidence> evidence;
  for (const auto& site : sites) {
    const auto candidate = trials::search::search(r, site, alone);
    looked_at.push_back(trials::search::to_json(candidate));
    if (candidate.found()) evidence.emplace_back(r, evidence.size(), candidate, alone);
  }
  const Backup backup(r, alone);
  const Chain chain(r, alone);
  const Earlier earlier(found.earlier, alone.token);
  auto list = self_only_trials(alone);
  append(list, backup.trials());
  append(list, chain.trials());
  append(list, earlier.trials());
  for (const auto& one : evidence) append(list, one.trials());
  auto measured = r.measure(list);
  for (auto& one : evidence) one.judge(measured);
  const auto verdict = verdict_of(r, evidence);
  auto candidates = json::array();
  for (const auto& one : evidence) candidates.push_back(to_json(one));
  look_beside(r, alone, verdict, measured, result);
  result["later_sinks"] = ask_later_sinks(r, stage, later, evidence, verdict);
  result["verdict"] = to_json(verdict);
  result["chain"] = chain.judge(r, measured, verdict);
  result["earlier"] = earlier.judge(r, measured);
  result["self_only"] = {{"token", alone.token}, {"last_layer", alone.last}, {"makes_sink", alone.makes_sink}};
  result["sites"] = looked_at;
  result["candidates"] = candidates;
  result["backup"] = backup.judge(r, measured);
  result["one_key"] = judge_one_key(r, measured);
  const auto& out = r.run().options().out;
  const auto signals = portable_signals(r, stage, evidence, alone);
  found.signals.insert(found.signals.end(), signals.begin(), signals.end());
  found.made_of.push_back(verdict.signal ? compose(r, signals, verdict.signal->candidate().site) : Composition{});
  result["signals"] = to_json(signals, out);
  result["composition"] = found.made_of.back().description;
  result["trials"] = naming_bases(trials::describe(r, measured), measured, found.signals, out);
  add_earlier(stage, verdict, found.earlier);
  return result;
}

json answer(trials::Runner& r, int64_t token, size_t stage, std::vector<EarlierSignal>& earlier) {
  auto result = trials::to_json(r.baseline().stages[stage]);
  const auto alone = trials::search::find_alone(r, token);
  const auto sites = trials::search::candidate_sites(r.sink_layer(), r.first_layer());
  trials::search::gather(r, sites, alone);
  std::vector<Evidence> evidence;
  for (const auto& site : sites) {
    const auto candidate = trials::search::search(r, site, alone);
    if (!candidate.found()) continue;
    auto& made = evidence.emplace_back(r, evidence.size(), candidate, alone);
    auto list = self_only_trials(alone);
    append(list, made.trials());
    made.judge(r.measure(list));
    if (made.passes()) break;  // no later one changes the answer
  }
  const auto verdict = verdict_of(r, evidence);
  const Earlier before(earlier, alone.token);
  result["verdict"] = to_json(verdict);
  result["earlier"] = before.judge(r, before.trials().empty() ? std::vector<Measured>() : r.measure(before.trials()));
  add_earlier(stage, verdict, earlier);
  return result;
}

std::string statement(const json& stages) {
  if (stages.empty()) return kNoSink;
  if (stages.size() == 1) return stages[0].at("verdict").at("statement").get<std::string>();
  std::string text;
  for (size_t i = 0; i < stages.size(); ++i) {
    const auto& stage = stages[i];
    text += fmt::format("{}Layers {} to {}: {}", i ? " " : "", stage.at("first").dump(), stage.at("last").dump(),
                        stage.at("verdict").at("statement").get<std::string>());
    for (const auto& one : stage.at("earlier")) {
      const auto needed = one.at("needed").get<std::string>();
      text += fmt::format(" {}the signal of stage {}.",
                          needed == "yes"       ? "It needs "
                          : needed == "no"      ? "It does not need "
                          : needed == "in part" ? "It rests in part on "
                                                : "These samples do not tell whether it needs ",
                          one.at("stage").dump());
    }
  }
  return text;
}

}  // namespace sinkscope::experiments::identification
