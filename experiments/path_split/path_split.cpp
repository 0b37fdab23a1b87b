// path-split: by which route does a written vector reach the sink?
//
// Edit: what one block part wrote at token 0 is taken away from one reader only: a later attention, a later MLP (each
// sees the residual without it, the residual itself keeps it), the bypass round one of them (that reader still sees it,
// nothing after does), or from all. Reading: the sink. The reader whose loss ends the sink carries the signal; if only
// the bypass does, it travels in the residual. Source: the seed author's path split of the block-0 MLP of Qwen3-8B.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Operation;
using intervene::Trial;
using model::Point;
using model::Site;

struct Options {
  trials::Options trials;
  std::string written = "blocks.0.hook_mlp_out";
};

intervene::Edit take_away(const Site& written, const Site& at) {
  auto edit = trials::edit_from(at, 0, Operation::add, {.site = written});
  edit.dose = -1;
  return edit;
}

Trial without(const Site& written, const Site& at, const std::string& route) {
  return {.name = fmt::format("{} not through {}", trials::short_name(written), route),
          .role = intervene::Role::removal,
          .about = {{"written", model::name(written)}, {"taken_away_at", model::name(at)}, {"route", route}},
          .edits = {take_away(written, at)}};
}

/// Every reader before the sink layer's attention, that one, and the bypass round each.
std::vector<Trial> routes(const Site& written, int64_t sink_layer) {
  std::vector<Trial> list{without(written, written, "any")};
  for (int64_t layer = written.layer; layer <= sink_layer; ++layer) {
    if (layer > written.layer) {
      list.push_back(without(written, {Point::attn_in, layer}, fmt::format("attention {}", layer)));
      if (layer < sink_layer) {
        list.push_back(without(written, {Point::resid_mid, layer}, fmt::format("the bypass of attention {}", layer)));
      }
    }
    if (layer == sink_layer || (layer == written.layer && written.point == Point::mlp_out)) continue;
    list.push_back(without(written, {Point::mlp_in, layer}, fmt::format("MLP {}", layer)));
    list.push_back(without(written, {Point::resid_post, layer}, fmt::format("the bypass of MLP {}", layer)));
  }
  return list;
}

std::vector<Site> parse_written(const std::string& list, const model::Config& config) {
  auto sites = model::parse_sites(list, config);
  for (const auto& site : sites) {
    if (site.point == Point::attn_out || site.point == Point::mlp_out) continue;
    throw InputError(fmt::format("--written: {} is no output of an attention or MLP", model::name(site)));
  }
  return sites;
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  const auto written = parse_written(o.written, r.config());
  const double count = 1.3 * static_cast<double>(written.size());  // a route a residual, two round each attention
  trials::run(r, o.trials,
              {.design = {.edited = {0}, .trials = count, .by_site = true}, .make = [&](trials::Runner& runner) {
                 std::vector<Trial> list;
                 for (const auto& site : written) {
                   if (site.layer >= runner.sink_layer()) {
                     throw InputError(fmt::format("--written {}: the sink appears in layer {}, before it",
                                                  model::name(site), runner.sink_layer()));
                   }
                   const auto more = routes(site, runner.sink_layer());
                   list.insert(list.end(), more.begin(), more.end());
                 }
                 return list;
               }});
}

}  // namespace

commands::Command path_split() {
  return {"path-split", "by which later attention, MLP or bypass does a written vector reach the sink?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            app.add_option("--written", o->written, "attention or MLP outputs whose vector is followed")
                ->type_name(app::kSitesType)
                ->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
