// channel-patch: which dimensions make a sink when they are moved, and which end it when they are taken away?
//
// Edit, after each block part below the sink: at token k, token 0's own row and its mean row, the ceilings; then of the
// dimensions chosen on half of the documents the smallest set that suffices, everything but it, and doses of it from -4
// to 4; at token 0, token k's mean level in the whole vector, in that set, and in the smallest set whose removal is
// needed. Channels that are named are moved likewise. Reading: attention to both, on the other documents, beside as
// many random dimensions. A set that suffices and whose removal ends the sink holds the signal. Both are told apart: a
// split signal hides from single patches, since no part suffices, and a redundant one from single removals. If the own
// row suffices and the mean row does not, the signal is a pattern of each sample's own, and the sets are of that:
// copied from token 0 of the same sample. Sources: experiment B4 of the project's list; the published channel 2276 of
// Qwen3-8B, which nobody has patched.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/number_list.h"
#include "sinkscope/trials/search/search.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Role;
using intervene::Trial;
using model::Site;
using nlohmann::json;
using trials::search::Signal;

struct Options {
  trials::Options trials;
  int64_t token = 8;
  std::string sites, dimensions, doses = "-4,-2,-1,-0.5,0.5,1,1.5,2,4";
};

/// The trials of one site.
class Patches {
 public:
  Patches(std::vector<Trial>& into, const Site& site, const Options& o, int64_t width)
      : into_(into), site_(site), o_(o), width_(width) {}

  void ceilings() {
    add(Role::writing, "own row", {}, 1, trials::search::own_of(site_, {}, 0, o_.token));
    write({}, "whole vector", 1);
    remove({}, "whole vector", 1);
  }
  void write(const Signal& c, const std::string& of, double dose) {
    const auto given = own_ ? trials::search::own_of : trials::search::level_of;
    add(Role::writing, of, c, dose, given(site_, c, 0, o_.token));
  }
  /// From now on what is written is the same sample's, not a level.
  void write_own() { own_ = true; }
  void remove(const Signal& c, const std::string& of, double dose) {
    add(Role::removal, of, c, dose, trials::search::level_of(site_, c, o_.token, 0));
  }
  /// Token k gets token 0's mean level in every dimension but these.
  void all_but(const Signal& c) {
    Signal rest;
    for (int64_t d = 0; d < width_; ++d) {
      if (std::count(c.dimensions.begin(), c.dimensions.end(), d) == 0) rest.dimensions.push_back(d);
    }
    write(rest, "all but the smallest set", 1);
  }
  /// A channel of --dimensions.
  void named(int64_t channel, const std::vector<double>& list) {
    named_ = channel;
    doses({.dimensions = {channel}}, fmt::format("channel {}", channel), list);
    named_ = -1;
  }
  void doses(const Signal& c, const std::string& of, const std::vector<double>& doses) {
    for (const double dose : doses) {
      write(c, of, dose);
      remove(c, of, dose);
    }
  }

 private:
  void add(Role role, const std::string& of, const Signal& c, double dose, intervene::Edit edit) {
    edit.dose = dose;
    const bool few = c.dimensions.size() <= trials::search::kMostChannels;
    into_.push_back({.name = fmt::format("{}: {} {}, dose {}", trials::short_name(site_),
                                         role == Role::writing ? "write" : "remove", of, dose),
                     .role = role,
                     .about = {{"site", model::name(site_)},
                               {"of", of},
                               {"named_channel", named_ < 0 ? json() : json(named_)},
                               {"dose", dose},
                               {"dimensions", few ? json(c.dimensions) : json()}},
                     .edits = {edit}});
  }

  std::vector<Trial>& into_;
  Site site_;
  const Options& o_;
  int64_t width_;
  bool own_ = false;
  int64_t named_ = -1;
};

std::vector<double> with_one(std::vector<double> doses) {
  if (std::count(doses.begin(), doses.end(), 1.0) == 0) doses.push_back(1);
  return doses;
}

void add_patches(Patches& at, const trials::search::Candidate& found, const std::vector<int64_t>& named,
                 const std::vector<double>& doses) {
  at.ceilings();
  if (!found.level_suffices) at.write_own();
  for (size_t i = 0; i < found.sufficient.size(); ++i) {
    const auto of = i == 0 ? std::string("smallest set") : fmt::format("another set {}", i);
    at.doses(found.sufficient[i], of, i == 0 ? with_one(doses) : std::vector<double>{1});
  }
  if (found.found() && !found.sufficient[0].is_directions()) {
    const auto all = trials::search::joined(found.sufficient);
    at.all_but(all);
    if (found.sufficient.size() > 1) at.remove(all, "every set", 1);
  }
  if (!found.needed.empty()) at.remove({.dimensions = found.needed}, "needed set", 1);
  for (const int64_t d : named) at.named(d, with_one(doses));
}

std::vector<Site> parse_places(const std::string& list, const model::Config& config) {
  if (list.empty()) return {};
  auto sites = model::parse_sites(list, config);
  for (const auto& site : sites) {
    if (site.point == model::Point::resid_mid || site.point == model::Point::resid_post) continue;
    throw InputError(
        fmt::format("--sites: {}: expected the residual after an attention or MLP (hook_resid_mid, "
                    "hook_resid_post)",
                    model::name(site)));
  }
  return sites;
}

std::vector<double> parse_doses(const std::string& list) {
  auto doses = parse_number_list(list, "--doses");
  for (const double dose : doses) {
    if (dose == 0) throw InputError("--doses: 0 changes nothing");
    if (std::count(doses.begin(), doses.end(), dose) > 1) {
      throw InputError(fmt::format("--doses: {} is listed twice", dose));
    }
  }
  return doses;
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  const int64_t L = r.config().n_layers, width = r.config().d_model;
  const auto named = trials::search::parse_channels(o.dimensions, r.config());
  const auto doses = parse_doses(o.doses);
  auto sites = parse_places(o.sites, r.config());
  trials::Runner runner(
      r, o.trials,
      {.tracked = {0, o.token},
       .edited = {0, trials::search::kLastTraced, o.token},
       .runs = trials::search::alone_runs(o.token, L),
       .split = true,
       .trials = 2.0 * static_cast<double>(doses.size() * (1 + named.size()) * std::max<size_t>(1, sites.size())),
       .probes = 70.0 * static_cast<double>(std::max<size_t>(1, sites.size())),
       .by_site = sites.empty()});
  if (!runner.start()) return;
  if (sites.empty()) sites = trials::search::candidate_sites(runner.sink_layer());
  if (sites.empty() && runner.sink_layer() == 0) {
    throw InputError("the sink is read in layer 0: no attention or MLP comes before it, so there is nothing to patch");
  }
  for (const auto& site : sites) {
    if (runner.sink_layer() < 0 || site.layer < runner.sink_layer()) continue;
    throw InputError(
        fmt::format("--sites: {}: the sink appears in layer {}, before it", model::name(site), runner.sink_layer()));
  }
  const auto alone = trials::search::find_alone(runner, o.token);
  trials::search::gather(runner, sites, alone);
  std::vector<Trial> list;
  auto searched = json::array();
  for (const auto& site : sites) {
    const auto found = trials::search::search(runner, site, alone, trials::search::Ask::channels);
    searched.push_back(trials::search::to_json(found));
    Patches at(list, site, o, width);
    add_patches(at, found, named, doses);
  }
  trials::finish(runner, list, json::object(), {{"sites", searched}});
}

}  // namespace

commands::Command channel_patch() {
  return {"channel-patch", "which dimensions make a sink when moved, and which end it when taken away?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            trials::add_token_option(app, o->token, 2);
            app.add_option("--sites", o->sites, "residuals to patch; none named: all below the sink's layer")
                ->type_name(app::kSitesType);
            app.add_option("--dimensions", o->dimensions, "channels to move beside those that are found");
            app.add_option("--doses", o->doses, "shares of the way to the other token's level")->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
