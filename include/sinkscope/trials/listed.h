#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "commands/command.h"
#include "sinkscope/trials/report.h"

namespace sinkscope::trials {

/// What a trial's row of the table says of it.
using About = std::function<nlohmann::json(const intervene::Trial&)>;

/// An experiment whose trials are a list that is known once the sink is found.
struct Listed {
  Design design = {};
  std::function<std::vector<intervene::Trial>(Runner&)> make;
  About about;
};

/// A row a trial, short, for a figure: {"name", what `about` says, "sink": [{"token", "level", "difference"}],
/// "ordinary"}.
nlohmann::json table(Runner&, const std::vector<intervene::Trial>&, const std::vector<Outcome>&, const About&);

/// Measures a list and writes the result, "table" and "trials" beside what `metrics` and `results` hold; of a part
/// (--shard) there is none.
void finish_list(Runner&, const std::vector<intervene::Trial>&, const About&,
                 const nlohmann::json& metrics = nlohmann::json::object(),
                 nlohmann::json results = nlohmann::json::object());

/// Runs it and writes the result: {"facts", "trials", "table"}.
void run_listed(app::Run&, const Options&, const Listed&);

/// The edit of whole rows at one token.
intervene::Edit edit_at(const model::Site&, int64_t token, intervene::Operation);
intervene::Edit edit_from(const model::Site&, int64_t token, intervene::Operation, intervene::Source);

/// "blocks.0.hook_mlp_out" without its hook_: "blocks.0.mlp_out"; for a trial's name.
std::string short_name(const model::Site&);

/// Attention and MLP outputs of the layers below `layers`, in the order of the pass.
std::vector<model::Site> block_outputs(int64_t layers);

}  // namespace sinkscope::trials
