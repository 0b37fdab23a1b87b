// transplant: after which block is "first" complete? Activation patching from one document to another.
//
// Edit: the residual of token 0 after block l, of a sample from another document, takes the place of token k's; and the
// reverse, token k's of another document at token 0. Reading: attention to token k and to token 0 by the same queries.
// The first block from which token k becomes a sink is where the signal is complete; blocks after the massive
// activation move that. If no block does, the signal is not in the residual of the first token alone. Source:
// experiment B10 of the project's list; compare Yona et al. 2025 (arXiv 2503.08908) for repeated tokens.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/command.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Operation;
using intervene::Trial;

struct Options {
  trials::Options trials;
  int64_t token = 8;
};

std::vector<model::Site> residuals(int64_t sink_layer) {
  std::vector<model::Site> sites{{model::Point::embed}};
  for (int64_t layer = 0; layer < sink_layer; ++layer) {
    sites.push_back({model::Point::resid_mid, layer});
    sites.push_back({model::Point::resid_post, layer});
  }
  return sites;
}

std::vector<Trial> both_ways(int64_t token, int64_t sink_layer) {
  std::vector<Trial> list;
  for (const auto& [from, to] : {std::pair(int64_t{0}, token), std::pair(token, int64_t{0})}) {
    for (const auto& site : residuals(sink_layer)) {
      list.push_back({.name = fmt::format("token {} to token {} at {}", from, to, trials::short_name(site)),
                      .role = intervene::Role::copy,
                      .about = {{"site", model::name(site)}, {"from", from}, {"to", to}},
                      .edits = {trials::edit_from(site, to, Operation::resample, {.site = site, .tokens = {from}})}});
    }
  }
  return list;
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  trials::run(r, o.trials,
              {.design = {.tracked = {0, o.token},
                          .edited = {0, o.token},
                          .wants_other_documents = true,
                          .trials = 2,
                          .by_site = true},
               .make = [&](trials::Runner& runner) { return both_ways(o.token, runner.sink_layer()); }});
}

}  // namespace

commands::Command transplant() {
  return {"transplant",
          "activation patching: after which block is the first token's residual enough to make a sink elsewhere?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            trials::add_token_option(app, o->token);
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
