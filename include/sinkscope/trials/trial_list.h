#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sinkscope/trials/runner.h"

namespace sinkscope::trials {

/// The trials of an experiment: what they need, and the list, which is known once the sink is found.
struct TrialList {
  Design design = {};
  std::function<std::vector<intervene::Trial>(Runner&)> make;
};

/// Runs it and writes the result. Throws InputError where there is no sink.
void run(app::Run&, const Options&, const TrialList&);

/// Measures a list and writes the result, "table" and "trials" beside what `metrics` and `results` hold; of a part
/// (--shard) there is none.
void finish(Runner&, const std::vector<intervene::Trial>&, const nlohmann::json& metrics = nlohmann::json::object(),
            nlohmann::json results = nlohmann::json::object());

/// Why a result has no trials, as its "no_trials" holds it: null where `why` is empty; else it is also a warning.
nlohmann::json no_trials(Runner&, const std::string& why);

/// A row a trial, short, for a figure: {"name", "role", what the trial's `about` holds, "sink": [{"token", "level",
/// "difference"}], "ordinary"}.
nlohmann::json table(Runner&, const std::vector<Measured>&);

/// The edit of whole rows at one token.
intervene::Edit edit_at(const model::Site&, int64_t token, intervene::Operation);
intervene::Edit edit_from(const model::Site&, int64_t token, intervene::Operation, intervene::Source);

/// "blocks.0.hook_mlp_out" without its hook_: "blocks.0.mlp_out"; for a trial's name.
std::string short_name(const model::Site&);

/// Attention and MLP outputs of the layers below `layers`, in the order of the pass.
std::vector<model::Site> block_outputs(int64_t layers);

}  // namespace sinkscope::trials
