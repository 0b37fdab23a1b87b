// gate-readout: what pattern does the network read, to write the massive activation at token 0?
//
// Reading, without an edit, in closed form (measure/mlp_gradient.h): for the neurons that hold 90 % of the energy of
// the MLP that writes the massive activation at token 0 (at least 3), the gradient of z_j² with respect to the MLP's
// normalised input, and through the norm with respect to its block's attention output; and for a written channel, the
// gradient of what the MLP writes there with respect to that attention output. Neurons and directions are those of half
// of the documents, all that is held against them is of the others. The mean of these unit gradients is what is read
// along; its length (consistency) says whether samples agree: near 1 one direction is read, near 1/sqrt(n) each sample
// has its own, so that what is read is no linear pattern. Then the projections of tokens 0 to 8 on it. Edit: the span
// of the mean directions is projected out at token 0; and token k is given token 0's components along it. Reading: the
// sink. If the first ends it and the second makes one, the network reads this pattern; if the projection sets token 0
// apart (AUC near 1) and neither does, the pattern accompanies the signal; random directions are the control. Source:
// the seed author's --decompose-mlp-in (llm-interp, attention_sink); experiment B8 of the project's list.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "commands/command.h"
#include "experiments/gate_readout/gradient_groups.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/writing_mlp.h"

namespace sinkscope::experiments {
namespace {

using model::Point;
using nlohmann::json;

struct Options {
  trials::Options trials;
  int64_t token = 8, mlp_layer = -1;
  std::string write;
};

/// A dimension that an MLP writes.
struct Write {
  int64_t layer, dimension;
};

std::vector<Write> parse_writes(const std::string& list, const model::Config& config) {
  std::vector<Write> writes;
  for (const auto& word : split(list, ',')) {
    const auto colon = word.rfind(':');
    if (colon == std::string::npos) {
      throw InputError(fmt::format("--write: '{}' names no dimension; expected SITE:DIM", word));
    }
    const auto site = model::parse_site(word.substr(0, colon), config);
    if (site.point != Point::mlp_out) {
      throw InputError(fmt::format("--write: {} is not the output of an MLP (hook_mlp_out)", model::name(site)));
    }
    const int64_t dimension = parse_int(word.substr(colon + 1), "--write: dimension");
    if (dimension < 0 || dimension >= config.d_model) {
      throw InputError(
          fmt::format("--write: dimension {}: there are {} (0 to {})", dimension, config.d_model, config.d_model - 1));
    }
    const bool twice = std::any_of(writes.begin(), writes.end(),
                                   [&](const Write& w) { return w.layer == site.layer && w.dimension == dimension; });
    if (twice) throw InputError(fmt::format("--write: '{}' is listed twice", word));
    writes.push_back({site.layer, dimension});
  }
  return writes;
}

/// Those asked for, or else the massive activation's own dimensions where an MLP writes them.
std::vector<Write> writes_or_massive(std::vector<Write> asked, const trials::SinkBaseline& baseline) {
  if (!asked.empty() || !baseline.massive_activation || baseline.massive_activation->site.point != Point::mlp_out)
    return asked;
  for (const int64_t dimension : baseline.massive_activation->dimensions)
    asked.push_back({baseline.massive_activation->site.layer, dimension});
  return asked;
}

json metric_definitions() {
  return {
      {"neurons",
       "those that hold 90 % of the mean squared neurons activation(gate) up at token 0, at least 3 and at most 16, "
       "largest first"},
      {"read_out",
       "of a neuron: gradient of its square by the MLP's normalised input, or by the attention output of the same "
       "block; of a written dimension: gradient by that output; at token 0, sample by sample of the half that "
       "chooses, scaled to length 1, then the mean; projections and auc are of the other half"},
      {"consistency",
       "length of that mean: 1 where all samples agree, about 1/sqrt(n) where they have nothing in common"},
      {"effective_rank",
       "exp of the entropy of the eigenvalues of a Gram matrix over their sum: of the samples' unit "
       "gradients, or (gram) of the mean directions of the first three neurons"},
      {"auc", "area under the ROC curve of token 0 against the later tokens by their projections, at least 0.5"},
      {"channels",
       "the largest components of the direction; contribution: component times (mean at token 0 less mean "
       "at the later tokens)"}};
}

std::vector<int64_t> layers_of(const trials::WritingMlp& mlp, const std::vector<Write>& writes) {
  std::set<int64_t> layers;
  if (mlp.none.empty()) layers.insert(mlp.layer);
  for (const auto& write : writes) layers.insert(write.layer);
  return {layers.begin(), layers.end()};
}

/// The MLP's neurons by its input and by its block's attention, then the written dimensions by their MLP.
std::vector<ReadOutGroup> read_out(trials::Runner& runner, const trials::WritingMlp& mlp,
                                   const std::vector<Write>& writes) {
  auto& r = runner.run();
  std::vector<ReadOutGroup> groups;
  const auto layers = layers_of(mlp, writes);
  if (layers.empty()) return groups;
  std::map<int64_t, SplitActivations> activations;
  for (const auto& [layer, all] : read_mlps(r, layers)) {
    activations[layer] = {all.of(runner.choosing()), all.of(runner.testing())};
  }
  if (mlp.none.empty()) {
    const auto& at_layer = activations.at(mlp.layer);
    const auto neurons = trials::strongest_neurons(at_layer.choosing.energy());
    if (!neurons.empty()) groups = {{"neurons", Reader::neurons}, {"neurons by the attention", Reader::neurons}};
    for (const int64_t j : neurons) {
      groups[0].reads.push_back(neuron_read_out(r.model(), mlp.layer, j, at_layer));
      groups[1].reads.push_back(neuron_read_out_of_attention(r.model(), mlp.layer, j, at_layer));
    }
  }
  for (const auto& write : writes) {
    const auto name = trials::short_name({Point::mlp_out, write.layer});
    auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.name == name; });
    if (same == groups.end()) same = groups.insert(groups.end(), {name, Reader::written});
    same->reads.push_back(write_read_out(r.model(), write.layer, write.dimension, activations.at(write.layer)));
  }
  return groups;
}

json describe(const std::vector<ReadOutGroup>& groups) {
  auto described = json::array();
  for (const auto& group : groups) {
    for (const auto& read : group.reads) {
      described.push_back(to_json(read));
      described.back()["group"] = group.name;
      described.back()["reader"] = name(group.reader);
    }
  }
  return described;
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  if (o.mlp_layer >= 0) model::check_layer(o.mlp_layer, r.config(), "--mlp-layer");
  const auto asked = parse_writes(o.write, r.config());
  trials::Runner runner(
      r, o.trials,
      {.tracked = {0, o.token}, .edited = {0, o.token}, .split = true, .trials = 12, .at_massive_activation = true});
  if (!runner.start()) return;
  const auto mlp = trials::writing_mlp(o.mlp_layer, runner);
  const auto groups = read_out(runner, mlp, writes_or_massive(asked, runner.baseline()));
  const auto neurons = std::find_if(groups.begin(), groups.end(),
                                    [](const ReadOutGroup& group) { return group.reader == Reader::neurons; });
  json results{{"layer", mlp.none.empty() ? json(mlp.layer) : json()},
               {"no_layer", mlp.none.empty() ? json() : json(mlp.none)},
               {"token", o.token},
               {"gram", neurons != groups.end() ? gram_of(*neurons) : json()},
               {"read_outs", describe(groups)},
               {"directions", write_directions(groups, o.trials.run.out)}};
  const auto made = group_trials(groups, runner, o.token);
  const auto why = groups.empty() && !mlp.none.empty() ? mlp.none : made.unseen;
  results["no_trials"] = trials::no_trials(runner, why);
  trials::finish(runner, made.list, metric_definitions(), std::move(results));
}

}  // namespace

commands::Command gate_readout() {
  return {"gate-readout", "what pattern does the network read to write the massive activation?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            trials::add_mlp_option(app, o->mlp_layer);
            trials::add_token_option(app, o->token);
            app.add_option(
                "--write", o->write,
                "written dimensions whose gradient is taken, as SITE:DIM; empty: the massive activation's own");
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
