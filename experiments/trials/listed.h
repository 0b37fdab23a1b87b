#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../command.h"
#include "report.h"

namespace sinkscope::experiments::trials {

/// An experiment whose trials are a list that is known once the sink is found.
struct Listed {
  Design design = {};
  std::function<std::vector<intervene::Trial>(Runner&)> make;
  std::function<nlohmann::json(const intervene::Trial&)> about;  ///< what its row of the table says of a trial
};

/// Runs it and writes the result: {"facts", "trials", "table"}. A row of the table is short, for a figure: {"name",
/// what `about` says, "sink": [{"token", "level", "difference"}], "ordinary"}.
void run_listed(app::Run&, const Options&, const Listed&);

/// The edit of whole rows at one token.
intervene::Edit edit_at(const model::Site&, int64_t token, intervene::Operation);
intervene::Edit edit_from(const model::Site&, int64_t token, intervene::Operation, intervene::Source);

/// "blocks.0.hook_mlp_out" without its hook_: "blocks.0.mlp_out"; for a trial's name.
std::string short_name(const model::Site&);

/// Attention and MLP outputs of the layers below `layers`, in the order of the pass.
std::vector<model::Site> block_outputs(int64_t layers);

}  // namespace sinkscope::experiments::trials
