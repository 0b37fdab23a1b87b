#include "experiments/identify/blocks.h"

#include <fmt/format.h>

#include "sinkscope/trials/search/search.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {

nlohmann::json find_blocks(trials::Runner& r, const Alone& alone) {
  auto blocks = nlohmann::json::array();
  const double unedited = level(r.unedited_probe(), kLater).first;
  for (const auto& site : trials::block_outputs(r.sink_layer())) {
    const auto without =
        trials::edit_from(site, 0, intervene::Operation::mean, {.site = site, .tokens = {alone.token}});
    const auto name = fmt::format("{} of token {} at token 0", trials::short_name(site), alone.token);
    const auto found = level(r.probe({.name = name, .role = intervene::Role::removal, .edits = {without}}), kLater);
    blocks.push_back(
        {{"site", model::name(site)}, {"levels", to_json(found)}, {"ends_sink", ends_sink(found, unedited)}});
  }
  return blocks;
}

}  // namespace sinkscope::experiments::identification
