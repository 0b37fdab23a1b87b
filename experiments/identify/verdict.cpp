#include "experiments/identify/verdict.h"

#include <fmt/format.h>

#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {
namespace {

std::string kind_of(const Candidate& c) {
  if (c.sufficient.size() > 1) return "redundant sets";
  if (c.sufficient[0].is_directions()) return c.sufficient[0].rank() == 1 ? "a direction" : "a subspace";
  if (c.apart) return "circuits";
  return c.sufficient[0].dimensions.size() == 1 ? "one channel" : "a set";
}

/// Of channels: whether directions through them, fewer than they are, may do as well.
std::string or_fewer(const Evidence& e) {
  if (!e.fewer() || e.fewer()->as_well == Met::no) return {};
  const auto rank = e.fewer()->form.rank();
  return fmt::format(" On the half that tests {} {} as well.",
                     rank == 1 ? "a direction" : fmt::format("{} directions", rank),
                     e.fewer()->as_well == Met::yes ? (rank == 1 ? "does" : "do") : "may do");
}

std::string sentence(const Evidence& e, const std::string& kind) {
  const auto& c = e.candidate();
  const auto where = trials::short_name(c.site);
  std::string sets;
  for (const auto& set : c.sufficient) sets += (sets.empty() ? "" : "; ") + name(set);
  if (kind == "redundant sets") {
    return fmt::format("The first-token signal at {} is any one of {} sets: {}.", where, c.sufficient.size(), sets);
  }
  if (c.sufficient[0].is_directions()) {
    const auto rank = c.sufficient[0].rank();
    return fmt::format("The first-token signal is {} of the residual at {}, in {} channels{}.",
                       rank == 1 ? "a direction" : fmt::format("{} directions", e.rank_in_words()), where,
                       e.support_in_words(), c.copied ? ", with a level of each sample's own" : "");
  }
  if (kind == "circuits") {
    return fmt::format("The first-token signal at {} is {}, each of which makes a part of the sink by itself.", where,
                       sets);
  }
  return fmt::format("The first-token signal is {} at {}{}.{}", sets, where,
                     kind == "a set" && c.each_needed ? ", none of which can be left out" : "", or_fewer(e));
}

/// Of several texts: whether each by itself says the same of the signal. Empty where there is one.
std::string in_texts(const Evidence& signal) {
  const auto texts = signal.by_text();
  std::string others;
  for (const auto& [text, met] : texts) {
    if (met == Met::yes) continue;
    others +=
        fmt::format(" In {} by itself {}.", text, met == Met::no ? "a condition fails" : "these samples do not tell");
  }
  if (texts.empty() || !others.empty()) return others;
  return fmt::format(" Each of the {} texts by itself meets the conditions that are asked of a text.", texts.size());
}

}  // namespace

Verdict no_sink(const std::string& why) {
  return {.kind = "no sink", .statement = why};
}

Verdict decide(const std::vector<Evidence>& evidence) {
  Verdict verdict;
  for (const auto& one : evidence) {
    if (one.passes()) {
      if (verdict.signal) {
        verdict.mediators.push_back(&one);
      } else {
        verdict.signal = &one;
      }
    } else if (!verdict.signal && !one.refuted()) {
      verdict.open.push_back(&one);
    }
  }
  const auto earliest =
      verdict.open.empty() ? std::string() : trials::short_name(verdict.open.front()->candidate().site);
  if (verdict.signal) {
    verdict.kind = kind_of(verdict.signal->candidate());
    verdict.statement = sentence(*verdict.signal, verdict.kind) + in_texts(*verdict.signal);
    if (!earliest.empty()) {
      verdict.statement += fmt::format(" These samples do not tell whether it exists as early as {}.", earliest);
    }
  } else if (!verdict.open.empty()) {
    verdict.kind = "undecided";
    verdict.statement = fmt::format(
        "No candidate meets every condition, but the one at {} fails none; more samples would decide.", earliest);
  } else if (evidence.empty()) {
    verdict.statement =
        "At no site below the sink's layer does a fixed level make a sink when written at a later token.";
  } else {
    verdict.statement = "Every candidate fails a condition of the rule.";
  }
  return verdict;
}

const Evidence& last_of_signal(const Verdict& v) {
  const auto all = joined(v.signal->candidate().sufficient);
  const Evidence* last = v.signal;
  for (const auto* one : v.mediators) {
    const auto its = joined(one->candidate().sufficient);
    if (its.dimensions == all.dimensions && its.is_directions() == all.is_directions()) last = one;
  }
  return *last;
}

nlohmann::json to_json(const Verdict& v) {
  nlohmann::json signal, mediators = nlohmann::json::array(), open = nlohmann::json::array();
  const auto brief = [&](const Evidence& e) {
    auto sets = nlohmann::json::array();
    for (const auto& set : e.candidate().sufficient) {
      const auto support = set.is_directions() ? e.support() : set.rank();
      sets.push_back({{"dimensions", set.dimensions}, {"rank", set.rank()}, {"support", support}});
    }
    return nlohmann::json{{"site", model::name(e.candidate().site)},
                          {"sets", sets},
                          {"copied", e.candidate().copied},
                          {"needed", e.candidate().needed}};
  };
  if (v.signal) signal = brief(*v.signal);
  for (const auto* one : v.mediators) mediators.push_back(brief(*one));
  for (const auto* one : v.open) open.push_back(brief(*one));
  return {{"kind", v.kind}, {"statement", v.statement}, {"signal", signal}, {"mediators", mediators}, {"open", open}};
}

}  // namespace sinkscope::experiments::identification
