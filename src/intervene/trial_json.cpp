#include "sinkscope/intervene/trial_json.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "intervene/edit_json.h"
#include "sinkscope/error.h"
#include "sinkscope/intervene/attention_condition.h"

namespace sinkscope::intervene {

using nlohmann::json;

Runs parse_runs(const json& object) {
  if (!object.is_object())
    throw InputError(fmt::format("runs: expected an object of names and conditions, found {}", object.dump()));
  Runs runs;
  for (const auto& [key, value] : object.items()) {
    if (key == "unedited" || !value.is_string()) {
      throw InputError(fmt::format("runs: '{}': expected another name than 'unedited' and a string", key));
    }
    runs[key] = parse_condition(value.get<std::string>());
  }
  return runs;
}

namespace {

/// [rank, D] float32
at::Tensor rows_of(const json& basis) {
  std::vector<at::Tensor> rows;
  for (const auto& row : basis) rows.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
  return at::stack(rows).to(at::kFloat);
}

AttentionCondition read_attention(const json& trial, const std::string& where) {
  try {
    return parse_condition(text_at(trial, "attention", where));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: attention: {}", where, error.what()));
  }
}

bool read_flag(const json& value, const std::string& what) {
  if (!value.is_boolean()) throw InputError(fmt::format("{}: expected true or false, found {}", what, value.dump()));
  return value;
}

json read_about(const json& about, const std::string& where) {
  if (!about.is_object()) throw InputError(fmt::format("{}: about: expected an object, found {}", where, about.dump()));
  return about;
}

}  // namespace

std::vector<Trial> parse_trials(const json& list, const Runs& runs, const model::Config& config, int64_t T) {
  TensorFiles files;
  return parse_trials(list, runs, config, T, files);
}

std::vector<Trial> parse_trials(const json& list, const Runs& runs, const model::Config& config, int64_t T,
                                TensorFiles& files) {
  if (!list.is_array() || list.empty()) throw InputError("trials: expected a list of trials that is not empty");
  std::vector<Trial> trials;
  for (size_t i = 0; i < list.size(); ++i) {
    auto where = fmt::format("trial {}", i);
    check_keys(list[i], where, {"name", "role", "about", "attention", "edits", "random_controls", "interaction_of"});
    Trial trial;
    trial.name = text_at(list[i], "name", where);
    where = fmt::format("trial '{}'", trial.name);
    if (list[i].contains("attention")) trial.attention = read_attention(list[i], where);
    const auto edits = list[i].value("edits", json::array());
    if (!edits.is_array()) throw InputError(fmt::format("{}: edits: expected a list, found {}", where, edits.dump()));
    for (size_t e = 0; e < edits.size(); ++e) {
      const auto more = read_edits(edits[e], config, files, fmt::format("{}, edit {}", where, e));
      trial.edits.insert(trial.edits.end(), more.begin(), more.end());
    }
    if (list[i].contains("role")) {
      trial.role = parse_role(text_at(list[i], "role", where), where);
    } else if (trial.edits.empty()) {
      trial.role = Role::condition;
    }
    if (list[i].contains("about")) trial.about = read_about(list[i]["about"], where);
    if (list[i].contains("random_controls")) {
      trial.random_controls = read_flag(list[i]["random_controls"], where + ": random_controls");
    }
    if (list[i].contains("interaction_of")) {
      for (const auto& other : list[i]["interaction_of"])
        trial.interaction_of.push_back(other.is_string() ? other.get<std::string>() : other.dump());
    }
    trials.push_back(std::move(trial));
  }
  check(trials, runs, config, T);
  return trials;
}

std::vector<Trial> read_back(const json& list, const Runs& runs, const model::Config& config, int64_t T) {
  auto trials = parse_trials(list, runs, config, T);
  for (size_t i = 0; i < trials.size(); ++i) {
    for (size_t e = 0; e < trials[i].edits.size(); ++e) {
      const auto& edit = list[i].at("edits").at(e);
      if (edit.contains("basis")) trials[i].edits[e].basis = rows_of(edit["basis"]);
    }
    if (to_json(trials[i]) != list[i]) {
      throw std::runtime_error(fmt::format("trial '{}' does not come back as it was written", trials[i].name));
    }
  }
  return trials;
}

json to_json(const Trial& trial) {
  json object{{"name", trial.name}, {"role", name(trial.role)}, {"edits", json::array()}};
  if (!trial.about.empty()) object["about"] = trial.about;
  if (trial.attention.any()) object["attention"] = spell(trial.attention);
  for (const auto& edit : trial.edits) object["edits"].push_back(to_json(edit));
  if (!trial.random_controls) object["random_controls"] = false;
  if (!trial.interaction_of.empty()) object["interaction_of"] = trial.interaction_of;
  return object;
}

json to_json(const Runs& runs) {
  json object = json::object();
  for (const auto& [run, condition] : runs) object[run] = spell(condition);
  return object;
}

}  // namespace sinkscope::intervene
