#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/intervene/tensor_files.h"
#include "sinkscope/intervene/trial.h"
#include "sinkscope/model/config.h"

namespace sinkscope::intervene {

/// Attention conditions by name; runs under them can be copied from.
using Runs = std::map<std::string, AttentionCondition>;

/// {"self_only": "layers=0;tokens=8"}. Throws InputError for what is no such object, names "unedited", or what
/// parse_condition refuses.
Runs parse_runs(const nlohmann::json&);

/// [{"name", "role", "about", "attention", "edits": [{"site", "tokens" | "all_but", "dimensions" | "heads" | "neurons",
/// "basis", "operation", "dose", "values", "from": {"run", "site", "tokens"}}], "random_controls": false,
/// "interaction_of": [A, B]}]. An edit whose site is a comma list or a glob is one edit a site. Throws InputError that
/// names trial, edit and thing for whatever does not exist in the model, for samples of `T` tokens, or in the list, for
/// keys that nobody knows, for an edit that would change nothing, and for an interaction whose edits are not those of A
/// and B. "basis" and "values" may be {"file", "tensor"}, which `files` reads; without it, relative to the working
/// directory.
std::vector<Trial> parse_trials(const nlohmann::json&, const Runs&, const model::Config&, int64_t T,
                                TensorFiles& files);
std::vector<Trial> parse_trials(const nlohmann::json&, const Runs&, const model::Config&, int64_t T);

/// The trials of a list that to_json wrote, to the last bit; a basis is taken as it stands. Throws InputError as
/// parse_trials does, and std::runtime_error for a trial that does not come back as it was.
std::vector<Trial> read_back(const nlohmann::json& list, const Runs&, const model::Config&, int64_t T);

/// What parse_trials checks, for trials that were not read.
void check(const std::vector<Trial>&, const Runs&, const model::Config&, int64_t T);

nlohmann::json to_json(const Edit&);
nlohmann::json to_json(const Trial&);
nlohmann::json to_json(const Runs&);

}  // namespace sinkscope::intervene
