// stat-match: which statistic of the first attention output is the first-token signal?
//
// Edit: at token k, the attention output of --layers takes one statistic of token 0's and keeps the others: its norm
// (direction kept), its variance (o' = mu + f (o - mu), mu the mean over samples at token k, f the ratio of standard
// deviations; also by the factors of --factors), its mean (o' = o - mu_k + mu_0); or it becomes what it is when token k
// sees only itself, that under a fixed random signed permutation, or the natural row under the same. Norm, variance,
// mean and permutation also at token 0, which takes token k's. Reading: attention to tokens k and 0, and the massive
// activation. H1, variance (arXiv 2605.06611): the variance makes a sink of token k, the norm does not, the permuted
// own value does. H2, norm (arXiv 2603.06591): the norm alone does, and the permuted own value, whose norm is kept,
// too. H3, direction: the own value does, permuted it does not, and neither norm nor variance does. If the mean does,
// the signal is one constant vector. Source: experiment B5 of the project's list.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "commands/command.h"
#include "experiments/stat_match/attention_statistics.h"
#include "sinkscope/error.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/spelling/number_list.h"
#include "sinkscope/trials/edited_layers.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Edit;
using intervene::Operation;
using intervene::Role;
using intervene::Trial;
using model::Site;
using nlohmann::json;

constexpr char kAlone[] = "alone", kScaled[] = "variance scaled";

struct Options {
  trials::Options trials;
  int64_t token = 8;
  std::string layers = "0", factors = "0,0.5,1.5,2,4,8";
};

Site attention_output(int64_t layer) {
  return {model::Point::attn_out, layer};
}

Edit match_norm(int64_t layer, int64_t at, int64_t from) {
  const auto site = attention_output(layer);
  return trials::edit_from(site, at, Operation::match_norm, {.site = site, .tokens = {from}});
}

/// mu + f (o - mu) is o moved by 1 - f towards mu.
Edit scale_variance(int64_t layer, int64_t at, double factor) {
  const auto site = attention_output(layer);
  auto edit = trials::edit_from(site, at, Operation::mean, {.site = site});
  edit.dose = 1 - factor;
  return edit;
}

Edit shift_mean(int64_t layer, int64_t at, const at::Tensor& by) {
  auto edit = trials::edit_at(attention_output(layer), at, Operation::add);
  edit.values = model::to_vector(by);
  return edit;
}

Edit own_value(int64_t layer, int64_t at) {
  const auto site = attention_output(layer);
  return trials::edit_from(site, at, Operation::copy, {.run = kAlone, .site = site});
}

Edit rotate(int64_t layer, int64_t at) {
  return trials::edit_at(attention_output(layer), at, Operation::rotate);
}

/// Adds a trial whose edits are made in all layers together; `factors`, of the deviation, are one a layer.
void add(std::vector<Trial>& to, Role role, const std::string& statistic, int64_t at, std::vector<Edit> edits,
         const std::vector<double>& factors = {}) {
  const auto name = statistic == kScaled ? fmt::format("{} by {}", statistic, factors[0]) : statistic;
  to.push_back({.name = fmt::format("{} at token {}", name, at),
                .role = role,
                .about = {{"statistic", statistic}, {"at", at}, {"factors", factors.empty() ? json() : json(factors)}},
                .edits = std::move(edits)});
}

/// What token `at` gets of token `from`: its norm, its variance, its mean.
void add_matches(std::vector<Trial>& to, const StatisticsByLayer& statistics, int64_t at, int64_t from) {
  std::vector<Edit> norm, variance, mean;
  std::vector<double> factors;
  for (const auto& [layer, of] : statistics) {
    factors.push_back(of.factor(at, from));
    norm.push_back(match_norm(layer, at, from));
    variance.push_back(scale_variance(layer, at, factors.back()));
    mean.push_back(shift_mean(layer, at, of.at.at(from).mean - of.at.at(at).mean));
  }
  add(to, Role::writing, "norm", at, norm);
  add(to, Role::writing, "variance", at, variance, factors);
  add(to, Role::writing, "mean", at, mean);
}

std::vector<Trial> make(const StatisticsByLayer& statistics, int64_t token, const std::vector<double>& factors) {
  std::vector<Trial> made;
  add_matches(made, statistics, token, 0);
  for (const double factor : factors) {
    std::vector<Edit> scaled;
    for (const auto& [layer, of] : statistics) scaled.push_back(scale_variance(layer, token, factor));
    add(made, Role::writing, kScaled, token, scaled, std::vector<double>(statistics.size(), factor));
  }
  std::vector<Edit> own, own_rotated, rotated, first_rotated;
  for (const auto& [layer, of] : statistics) {
    own.push_back(own_value(layer, token));
    own_rotated.push_back(own_value(layer, token));
    own_rotated.push_back(rotate(layer, token));
    rotated.push_back(rotate(layer, token));
    first_rotated.push_back(rotate(layer, 0));
  }
  add(made, Role::copy, "own value", token, own);
  add(made, Role::copy, "own value rotated", token, own_rotated);
  add(made, Role::control, "rotated", token, rotated);
  add_matches(made, statistics, 0, token);
  add(made, Role::control, "rotated", 0, first_rotated);
  return made;
}

std::vector<double> parse_factors(const std::string& text) {
  const auto factors = parse_number_list(text, "--factors");
  if (std::find(factors.begin(), factors.end(), 1.0) != factors.end()) {
    throw InputError("--factors: a factor of 1 changes nothing");
  }
  return factors;
}

void run(const Options& o, const CLI::App& command) {
  const auto factors = parse_factors(o.factors);
  app::Run r(o.trials.run, command);
  const auto layers = trials::parse_layers(o.layers, r.config());
  const intervene::Runs runs{{kAlone, intervene::self_only({o.token}, layers)}};
  constexpr size_t kOthers = 10;  // trials beside the factors
  trials::Runner runner(r, o.trials,
                        {.tracked = {0, o.token},
                         .edited = {0, o.token},
                         .runs = runs,
                         .trials = static_cast<double>(factors.size() + kOthers),
                         .last_layer = layers.back()});
  if (!runner.start()) return;
  trials::check_before_sink(layers, runner.sink_layer());
  const auto statistics = attention_statistics(r, runs, kAlone, layers, o.token);
  trials::finish(runner, make(statistics, o.token, factors), {{"statistics", kAttentionStatistics}},
                 {{"statistics", to_json(statistics, o.token)}});
}

}  // namespace

commands::Command stat_match() {
  return {"stat-match", "which statistic of the first attention output is the first-token signal?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            trials::add_token_option(app, o->token);
            app.add_option("--layers", o->layers, "layers whose attention output is edited, together")
                ->capture_default_str();
            app.add_option("--factors", o->factors, "factors of the deviation from the mean, beside the matched one")
                ->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
