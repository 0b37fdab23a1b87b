// magc: which channel of its normalised input gates the MLP that writes the massive activation, and which neurons write
// it? From weights, and one look at the unedited run.
//
// Reading, without an edit: the channel i* in which the MLP's input at token 0 differs most from token 1's, and which
// way, on half of the documents (the edits are read on the others); from weights alone how few neurons answer to a
// channel as it grows (alpha and R, measure/gating.h), and the neurons J, of the three with the largest |alpha|, whose
// column of W_down points where the MLP writes. Edit: channel i* of the MLP's input at token 0, and at token k, becomes
// c; and at token k what it is at token 0. Reading: the sink. If i* gates the massive activation, the sink at token 0
// ends as c passes a threshold, token k becomes one on the other side of it, and another channel of the same size (the
// random control) does neither. If nothing moves, i* only tells the token apart. An R near log m says that few neurons
// answer; a small one, that i* is no gate. Source: massive activation gating channel (MAGC), arXiv 2610.07661.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "experiments/magc/gating_channel.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/number_list.h"
#include "sinkscope/trials/trial_list.h"
#include "sinkscope/trials/writing_mlp.h"

namespace sinkscope::experiments {
namespace {

using intervene::Operation;
using intervene::Trial;
using nlohmann::json;

struct Options {
  trials::Options trials;
  int64_t token = 8, mlp_layer = -1;
  std::string multiples = "-2,-1.5,-1,-0.5,0,0.5,1,1.5,2", values;
};

/// A value that i* becomes; `multiple` of its mean at token 0, or NaN where the value was given.
struct Dose {
  double value = 0, multiple = 0;
};

std::vector<Dose> doses(const std::vector<double>& multiples, const std::vector<double>& values, double natural) {
  std::vector<Dose> list;
  for (const double multiple : multiples) list.push_back({multiple * natural, multiple});
  for (const double value : values) list.push_back({value, std::nan("")});
  return list;
}

Trial overwrite(const model::Site& site, int64_t channel, int64_t token, const Dose& dose) {
  auto edit = trials::edit_at(site, token, Operation::set);
  edit.dimensions = {channel};
  edit.values = {dose.value};
  const auto what =
      std::isnan(dose.multiple) ? fmt::format("{}", dose.value) : fmt::format("{} times natural", dose.multiple);
  return {.name = fmt::format("token {}: {}", token, what),
          .role = intervene::Role::writing,
          .about = {{"at", token}, {"operation", intervene::name(edit.operation)}, {"value", dose.value}},
          .edits = {edit}};
}

Trial copy(const model::Site& site, int64_t channel, int64_t from, int64_t to) {
  auto edit = trials::edit_from(site, to, Operation::copy, {.site = site, .tokens = {from}});
  edit.dimensions = {channel};
  return {.name = fmt::format("token {}: token {}'s", to, from),
          .role = intervene::Role::copy,
          .about = {{"at", to}, {"operation", intervene::name(edit.operation)}, {"value", nullptr}},
          .edits = {edit}};
}

/// Natural values both ways, then the sweep at token 0 and at token k.
std::vector<Trial> causal(const GatingChannel& found, int64_t token, const std::vector<Dose>& sweep) {
  const model::Site site{model::Point::ln2, found.layer};
  std::vector<Trial> list{copy(site, found.channel, 0, token), copy(site, found.channel, token, 0)};
  for (const int64_t at : {int64_t{0}, token}) {
    for (const auto& dose : sweep) list.push_back(overwrite(site, found.channel, at, dose));
  }
  return list;
}

void run(const Options& o, const CLI::App& command) {
  auto multiples = parse_number_list(o.multiples, "--multiples");
  const auto values = parse_number_list(o.values, "--values");
  if (multiples.empty() && values.empty()) throw InputError("--multiples and --values are empty: i* becomes nothing");
  app::Run r(o.trials.run, command);
  if (o.mlp_layer >= 0) model::check_layer(o.mlp_layer, r.config(), "--mlp-layer");
  const auto count = static_cast<double>(2 * (multiples.size() + values.size()) + 2);
  trials::Runner runner(
      r, o.trials,
      {.tracked = {0, o.token}, .edited = {0, o.token}, .split = true, .trials = count, .at_massive_activation = true});
  if (!runner.start()) return;
  const auto mlp = trials::writing_mlp(o.mlp_layer, runner);
  json results{{"layer", mlp.none.empty() ? json(mlp.layer) : json()}, {"token", o.token}, {"channel", nullptr}};
  if (!mlp.none.empty()) {
    results["no_trials"] = trials::no_trials(runner, mlp.none);
    return trials::finish(runner, {}, channel_metrics(), std::move(results));
  }
  const auto found = find_gating_channel(r, mlp.layer, o.token, runner.choosing());
  results.update(to_json(found));
  const auto unseen = trials::why_unseen({model::Point::ln2, mlp.layer}, runner);
  std::vector<Trial> list;
  if (unseen.empty())
    list = causal(found, o.token, doses(multiples, values, found.first[found.channel].item<double>()));
  results["no_trials"] = trials::no_trials(runner, unseen);
  trials::finish(runner, list, channel_metrics(), std::move(results));
}

}  // namespace

commands::Command magc() {
  return {"magc", "which input channel gates the MLP that writes the massive activation, and which neurons write it?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            trials::add_mlp_option(app, o->mlp_layer);
            trials::add_token_option(app, o->token);
            app.add_option("--multiples", o->multiples, "values of the channel, as multiples of its mean at token 0")
                ->capture_default_str();
            app.add_option("--values", o->values, "more values of the channel, as they are");
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
