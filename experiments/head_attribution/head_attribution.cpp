// head-attribution: which heads of the first layers make the difference between seeing only itself and mixing?
//
// Edit: one head's output at token k becomes what it is when token k sees only itself in that layer; and one head's
// output at token 0 becomes the mean of what it is at token k. Reading: attention to both by the same queries, and the
// massive activation. A head that alone makes token k a sink, or ends token 0's, gives the signal; if only all heads
// together do, it is spread over them. Source: experiment B7 of the project's list.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <numeric>

#include "commands/command.h"
#include "sinkscope/trials/edited_layers.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Operation;
using intervene::Trial;
using nlohmann::json;

struct Options {
  trials::Options trials;
  int64_t token = 8;
  std::string layers = "0,1";
};

std::string run_name(int64_t layer) {
  return fmt::format("self-only in layer {}", layer);
}

/// One head, or all where `head` is -1.
Trial replace(int64_t layer, int64_t head, int64_t token, int64_t at, const model::Config& config) {
  const model::Site z{model::Point::z, layer};
  auto edit = at == 0 ? trials::edit_from(z, 0, Operation::mean, {.site = z, .tokens = {token}})
                      : trials::edit_from(z, token, Operation::copy, {.run = run_name(layer), .site = z});
  if (head >= 0) {
    edit.dimensions.resize(config.d_head);
    std::iota(edit.dimensions.begin(), edit.dimensions.end(), head * config.d_head);
  }
  const auto which = head < 0 ? std::string("all heads") : fmt::format("head {}", head);
  return {.name = fmt::format("{} of layer {} at token {}", which, layer, at),
          .role = at == 0 ? intervene::Role::removal : intervene::Role::copy,
          .about = {{"layer", layer}, {"head", head < 0 ? json("all") : json(head)}, {"at", at}},
          .edits = {edit}};
}

/// All heads of a layer, then each; at token k first.
std::vector<Trial> every_head(const std::vector<int64_t>& layers, int64_t token, const model::Config& config) {
  std::vector<Trial> list;
  for (const int64_t at : {token, int64_t{0}}) {
    for (const int64_t layer : layers) {
      for (int64_t head = -1; head < config.n_heads; ++head) list.push_back(replace(layer, head, token, at, config));
    }
  }
  return list;
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  const auto layers = trials::parse_layers(o.layers, r.config());
  const auto& config = r.config();
  intervene::Runs runs;
  for (const int64_t layer : layers) {
    runs[run_name(layer)] = intervene::self_only({o.token}, {layer});
  }
  const double count = 2.0 * static_cast<double>(layers.size()) * static_cast<double>(config.n_heads + 1);
  trials::run(r, o.trials,
              {.design = {.tracked = {0, o.token},
                          .edited = {0, o.token},
                          .runs = runs,
                          .trials = count,
                          .last_layer = layers.back()},
               .make = [&](trials::Runner& runner) {
                 trials::check_before_sink(layers, runner.sink_layer());
                 return every_head(layers, o.token, config);
               }});
}

}  // namespace

commands::Command head_attribution() {
  return {"head-attribution",
          "which heads of the first layers give the first-token signal to a token that sees only itself?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            trials::add_token_option(app, o->token);
            app.add_option("--layers", o->layers, "layers whose heads are replaced")->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
