#include "intervene/trial_checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "sinkscope/error.h"
#include "sinkscope/intervene/attention_condition.h"
#include "sinkscope/intervene/trial_json.h"
#include "sinkscope/model/points.h"

namespace sinkscope::intervene {

void check_range(const std::vector<int64_t>& numbers, int64_t size, const char* what, const std::string& where) {
  for (const int64_t number : numbers) {
    if (number < 0 || number >= size) {
      throw InputError(fmt::format("{}: {} {}: there are {} (0 to {})", where, what, number, size, size - 1));
    }
  }
}

int64_t width_at(const model::Site& site, const model::Config& config) {
  const auto shape = model::shape_at(site, config, 1, 1);
  int64_t width = 1;
  for (size_t axis = 2; axis < shape.size(); ++axis) width *= shape[axis];
  return width;
}

namespace {

using model::Point;

void check_source(const Edit& edit, const Runs& runs, const model::Config& config, int64_t T,
                  const std::string& where) {
  if (!edit.from) {
    if (takes_rows(edit)) throw InputError(fmt::format("{}: {} needs 'from'", where, name(edit.operation)));
    return;
  }
  if (!takes_rows(edit))
    throw InputError(fmt::format("{}: {} takes nothing 'from' a run", where, name(edit.operation)));
  if (edit.from->run != "unedited" && !runs.contains(edit.from->run)) {
    std::vector<std::string> known{"unedited"};
    for (const auto& [name, condition] : runs) known.push_back(name);
    throw InputError(fmt::format("{}: a copy from run '{}', which was not asked for; there are {}", where,
                                 edit.from->run, fmt::join(known, ", ")));
  }
  check_range(edit.from->tokens, T, "source token", where);
  if (width_at(edit.from->site, config) != width_at(edit.site, config)) {
    throw InputError(fmt::format("{}: {} has {} numbers per token, {} has {}", where, model::name(edit.from->site),
                                 width_at(edit.from->site, config), model::name(edit.site),
                                 width_at(edit.site, config)));
  }
}

void check_edit(const Edit& edit, const Runs& runs, const model::Config& config, int64_t T, const std::string& where) {
  const auto point = edit.site.point;
  for (const auto& site : {edit.site, edit.from ? edit.from->site : edit.site}) {
    if (site.point == Point::attn_scores || site.point == Point::pattern || site.point == Point::logits) {
      throw InputError(
          fmt::format("{}: {} cannot be edited; 'attention' changes which keys a row sees", where, model::name(site)));
    }
  }
  if (point == Point::ln_final) {
    throw InputError(fmt::format("{}: {}: no attention comes after it", where, model::name(edit.site)));
  }
  check_range(edit.tokens, T, "token", where);
  if (edited_tokens(edit, T).empty()) throw InputError(fmt::format("{}: changes no token", where));
  const int64_t width = width_at(edit.site, config);
  check_range(edit.dimensions, width, "dimension", where);
  if (std::set<int64_t>(edit.dimensions.begin(), edit.dimensions.end()).size() != edit.dimensions.size()) {
    throw InputError(fmt::format("{}: a dimension is listed twice", where));
  }
  if (edit.basis.defined() && (!edit.dimensions.empty() || edit.basis.size(-1) != width)) {
    throw InputError(fmt::format("{}: basis: expected rows of {} numbers and no dimensions, found {}", where, width,
                                 edit.basis.size(-1)));
  }
  if (edit.operation == Operation::project_out && !edit.basis.defined()) {
    throw InputError(fmt::format("{}: project_out needs 'basis'", where));
  }
  const bool wants_values = edit.operation == Operation::set || (edit.operation == Operation::add && !edit.from);
  if (wants_values == edit.values.empty()) {
    throw InputError(
        fmt::format("{}: {} {} 'values'", where, name(edit.operation), wants_values ? "needs" : "takes no"));
  }
  const int64_t count = edit.basis.defined()      ? edit.basis.size(0)
                        : edit.dimensions.empty() ? width
                                                  : static_cast<int64_t>(edit.dimensions.size());
  if (const auto given = static_cast<int64_t>(edit.values.size()); given > 1 && given != count) {
    throw InputError(fmt::format("{}: {} values for {} coordinates", where, given, count));
  }
  if (edit.dose == (edit.operation == Operation::scale ? 1 : 0)) {
    throw InputError(fmt::format("{}: dose {} changes nothing", where, edit.dose));
  }
  check_source(edit, runs, config, T, where);
}

void check_attention(const AttentionCondition& condition, const model::Config& config, int64_t T,
                     const std::string& where) {
  if (!condition.any()) return;
  try {
    model::check_tokens(condition.change, T, 0);
    model::Taps(config).attention(condition.change, condition.layers);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: attention: {}", where, error.what()));
  }
}

/// Whether a trial's only edit gives a row what it has anyway.
bool changes_nothing(const Trial& trial) {
  if (trial.attention.any() || trial.edits.size() != 1) return false;
  const auto& edit = trial.edits[0];
  if (edit.operation == Operation::add && !edit.from) {
    return std::all_of(edit.values.begin(), edit.values.end(), [](double value) { return value == 0; });
  }
  const bool own =
      edit.from && edit.from->run == "unedited" && edit.from->site == edit.site &&
      (edit.from->tokens.empty() || (!edit.all_but && edit.from->tokens == edit.tokens && edit.tokens.size() == 1));
  return own && (edit.operation == Operation::copy || edit.operation == Operation::match_norm);
}

/// Of a trial that joins two earlier ones: their edits and conditions, and nothing else.
void check_interaction(const Trial& trial, const std::vector<const Trial*>& of, const std::string& where) {
  std::multiset<std::string> own, theirs, conditions;
  for (const auto& edit : trial.edits) own.insert(to_json(edit).dump());
  for (const auto* one : of) {
    for (const auto& edit : one->edits) theirs.insert(to_json(edit).dump());
    if (one->attention.any()) conditions.insert(spell(one->attention));
  }
  const bool same_condition =
      conditions.empty() ? !trial.attention.any() : conditions.count(spell(trial.attention)) == conditions.size();
  if (own == theirs && same_condition) return;
  throw InputError(
      fmt::format("{}: interaction_of '{}' and '{}': expected the edits and conditions of both and no other", where,
                  trial.interaction_of[0], trial.interaction_of[1]));
}

}  // namespace

void check(const std::vector<Trial>& trials, const Runs& runs, const model::Config& config, int64_t T) {
  std::map<std::string, const Trial*> earlier;
  for (const auto& [run, condition] : runs) check_attention(condition, config, T, fmt::format("run '{}'", run));
  for (const auto& trial : trials) {
    const auto where = fmt::format("trial '{}'", trial.name);
    if (trial.edits.empty() && !trial.attention.any()) throw InputError(fmt::format("{}: changes nothing", where));
    if (trial.role == Role::condition && !trial.edits.empty()) {
      throw InputError(fmt::format("{}: role condition: expected no edits, found {}", where, trial.edits.size()));
    }
    check_attention(trial.attention, config, T, where);
    for (size_t e = 0; e < trial.edits.size(); ++e) {
      check_edit(trial.edits[e], runs, config, T, fmt::format("{}, edit {}", where, e));
    }
    if (!trial.interaction_of.empty() && trial.interaction_of.size() != 2) {
      throw InputError(fmt::format("{}: interaction_of: expected two trials", where));
    }
    if (changes_nothing(trial)) {
      throw InputError(
          fmt::format("{}: {} gives the row what it has, and changes nothing", where, name(trial.edits[0].operation)));
    }
    std::vector<const Trial*> of;
    for (const auto& other : trial.interaction_of) {
      if (!earlier.contains(other))
        throw InputError(fmt::format("{}: interaction_of: no earlier trial is named '{}'", where, other));
      of.push_back(earlier.at(other));
    }
    if (!of.empty()) check_interaction(trial, of, where);
    if (!earlier.emplace(trial.name, &trial).second)
      throw InputError(fmt::format("{}: the name is listed twice", where));
  }
}

}  // namespace sinkscope::intervene
