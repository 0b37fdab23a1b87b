#include "experiments/identify/later_sinks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "experiments/identify/commonest.h"
#include "experiments/identify/rules.h"
#include "experiments/identify/without_signal.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

/// Tokens of all samples by each part of the rule, [samples, T] bool.
struct ByRule {
  at::Tensor by_cosine = {}, by_attention = {}, sinks = {};
};

ByRule find(const LaterTokens& tokens, size_t stage, int64_t layer) {
  const auto& attention = tokens.attention[stage];
  const auto median = attention.masked_select(tokens.places).median();
  const auto over = (attention >= trials::kOverOrdinary * median).logical_and(tokens.places);
  ByRule found{.by_cosine = layer > 0 ? tokens.close[layer - 1] : at::zeros_like(tokens.places),
               .by_attention = over.logical_and(attention >= kHalf * tokens.to_first[stage])};
  found.sinks = tokens.named.defined() ? tokens.places.logical_and(tokens.named)
                                       : over.logical_and(found.by_cosine.logical_or(found.by_attention));
  return found;
}

int64_t count(const at::Tensor& mask) {
  return mask.sum().item<int64_t>();
}

/// The blocks after which these tokens' cosine is above the bar, around what the layer reads; commonest first.
json runs(const at::Tensor& close, const at::Tensor& of, int64_t layer) {
  if (layer == 0) return json::array();
  const auto [first, last] = run_around(close, layer - 1);
  const auto from = model::to_int_vector(first.masked_select(of)), to = model::to_int_vector(last.masked_select(of));
  std::map<std::pair<int64_t, int64_t>, int64_t> counts;
  for (size_t i = 0; i < from.size(); ++i) ++counts[{from[i], to[i]}];
  return commonest(counts, [](const auto& run) { return json{{"first", run.first}, {"last", run.second}}; });
}

/// Means over samples with their intervals.
json intervals(const trials::Runner& r, const SinkLevels& levels) {
  const auto of = [&](const at::Tensor& values) { return measure::to_json(r.bootstrap().interval(values)); };
  return {{"sinks", of(levels.sinks)}, {"first", of(levels.first)}, {"others", of(levels.others)}};
}

bool ends(const SinkLevels& levels, double unedited) {
  return (levels.sinks - levels.others).nanmean().item<double>() <= kBack * unedited;
}

json carried(const trials::Runner& r, const WithoutSignal& one, const SinkLevels& unedited) {
  const double before = unedited.sinks.nanmean().item<double>();
  const auto ended =
      std::count_if(one.random.begin(), one.random.end(), [&](const SinkLevels& moved) { return ends(moved, before); });
  std::string found =
      needed(r.bootstrap(), r.options().equivalence, unedited.sinks, one.edited.sinks, one.edited.others);
  if (found == "yes" && few_enough(ended, static_cast<int64_t>(one.random.size())) != Met::yes) found = "open";
  return {{"site", model::name(one.carrier->candidate().site)},
          {"share_of_way", measure::to_json(r.bootstrap().interval(one.share))},
          {"attention", {{"unedited", intervals(r, unedited)}, {"edited", intervals(r, one.edited)}}},
          {"random", {{"moves", one.random.size()}, {"ended", ended}}},
          {"needed", found}};
}

/// From the signal's site on, or where none is certain from the first that may be: all that make a sink when written.
std::vector<const Evidence*> carriers_of(const Verdict& verdict, const std::vector<Evidence>& evidence) {
  const auto* first = verdict.signal ? verdict.signal : verdict.open.empty() ? nullptr : verdict.open.front();
  std::vector<const Evidence*> carriers;
  for (const auto& one : evidence) {
    if (&one == first || !carriers.empty()) carriers.push_back(&one);
  }
  return carriers;
}

json carries(trials::Runner& r, const std::vector<const Evidence*>& carriers, const Asked& asked) {
  SinkLevels unedited(asked.sinks.size(0));
  auto list = json::array();
  for (const auto& one : without_signal(r, carriers, asked, unedited)) list.push_back(carried(r, one, unedited));
  return list;
}

/// Why nothing is taken from them; empty where something is.
std::string why_not(const trials::Runner& r, const std::vector<const Evidence*>& carriers, const at::Tensor& sinks,
                    const SinkLevels& levels) {
  if (count(sinks) == 0) return "no token after the first is a sink of this stage";
  const auto mean = [](const at::Tensor& values) { return values.nanmean().item<double>(); };
  if (std::isnan(mean(levels.others))) return "no other later token of these samples is there to compare them with";
  if (mean(levels.sinks) < trials::kOverOrdinary * mean(levels.others)) {
    return "they get less than 4 times what other later tokens get, so that there is no sink to take from them";
  }
  if (carriers.empty()) return "no first-token signal was found, so there is none to take from them";
  if (count(sinks.index_select(0, r.testing())) == 0) return "none is in the samples that test";
  return {};
}

}  // namespace

json ask_later_sinks(trials::Runner& r, size_t stage, const LaterTokens& tokens, const std::vector<Evidence>& evidence,
                     const Verdict& verdict) {
  const auto found = find(tokens, stage, r.sink_layer());
  const Asked asked{.sinks = found.sinks, .others = tokens.places.logical_and(found.sinks.logical_not())};
  SinkLevels levels(found.sinks.size(0));
  levels.put(at::arange(found.sinks.size(0)), tokens.attention[stage], tokens.to_first[stage], asked);
  levels.others.masked_fill_(levels.sinks.isnan(), std::nan(""));
  const auto carriers = carriers_of(verdict, evidence);
  const auto why = why_not(r, carriers, found.sinks, levels);
  const auto list = why.empty() ? carries(r, carriers, asked) : json::array();
  const auto from = std::find_if(list.begin(), list.end(), [](const json& one) { return one.at("needed") == "yes"; });
  return {{"tokens", count(tokens.places)},
          {"by_cosine", count(found.by_cosine)},
          {"by_attention", count(found.by_attention)},
          {"by_both", count(found.by_cosine.logical_and(found.by_attention))},
          {"sinks", count(found.sinks)},
          {"ids", commonest_ids(r.run().all_ids(), found.sinks)},
          {"runs", runs(tokens.close, found.by_cosine, r.sink_layer())},
          {"attention", intervals(r, levels)},
          {"carries", list},
          {"same_signal", list.empty() ? json() : list[0].at("needed")},
          {"from", from == list.end() ? json() : from->at("site")},
          {"not_asked", why.empty() ? json() : json(why)}};
}

}  // namespace sinkscope::experiments::identification
