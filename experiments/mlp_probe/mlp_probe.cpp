// mlp-probe: which MLP writes the massive activation at token 0, into which dimensions, from which neurons.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "commands/command.h"
#include "experiments/mlp_probe/massive_activation.h"
#include "experiments/mlp_probe/self_only.h"
#include "sinkscope/app/run.h"
#include "sinkscope/error.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/measure/vector_stats.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/sink_baseline.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  app::RunOptions run;
  std::string track = "0,1,4,8";
  std::string self_only;
};

constexpr int64_t kTopDimensions = 5;
constexpr double kBeforeMassive = 0.2;  // of the layers, in most models: where the pass over the neurons ends
constexpr int64_t kOtherToken = 1;      // no trial is made; any token that every sample has

struct ProbeSite {
  model::Point point;
  const char* name;
};
constexpr ProbeSite kSites[] = {{model::Point::resid_pre, "resid_pre"},
                                {model::Point::attn_out, "attn_out"},
                                {model::Point::mlp_post, "mlp_post"},
                                {model::Point::mlp_out, "mlp_out"},
                                {model::Point::resid_post, "resid_post"}};

size_t place_of(model::Point point) {
  const auto found =
      std::find_if(std::begin(kSites), std::end(kSites), [&](const auto& s) { return s.point == point; });
  return static_cast<size_t>(found - std::begin(kSites));
}

using StatsBySite = std::vector<std::vector<measure::VectorStats>>;  // [layer][site]

StatsBySite measure_sites(app::Run& r, const std::vector<int64_t>& tokens) {
  StatsBySite stats(r.config().n_layers,
                    std::vector<measure::VectorStats>(std::size(kSites), measure::VectorStats(tokens)));
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    for (int64_t layer = 0; layer < r.config().n_layers; ++layer) {
      for (size_t site = 0; site < std::size(kSites); ++site) {
        taps.read({kSites[site].point, layer},
                  [&, layer, site](const at::Tensor& x) { stats[layer][site].add(x, batch.lengths); });
      }
    }
    r.forward(batch, taps);
  }
  return stats;
}

json describe_layers(const StatsBySite& stats) {
  auto layers = json::array();
  for (size_t layer = 0; layer < stats.size(); ++layer) {
    auto sites = json::array();
    for (size_t site = 0; site < std::size(kSites); ++site) {
      auto tokens = json::array();
      for (size_t i = 0; i < stats[layer][site].tokens().size(); ++i) {
        tokens.push_back(stats[layer][site].to_json(i, kTopDimensions));
      }
      sites.push_back({{"site", kSites[site].name}, {"tokens", tokens}});
    }
    layers.push_back({{"layer", layer}, {"sites", sites}});
  }
  return layers;
}

json metrics() {
  return {
      {"norm", "mean and sd over samples of the vector norm at a token"},
      {"spread", "sqrt(E|z - E z|^2 / D) of the unit vectors z over samples"},
      {"massive",
       "Sun et al. 2024: |x| > 100 and > 1000 x the median |x| of the sample's hidden state; massive_rate: "
       "share of samples"},
      {"ratio", "mean over samples of max |x| over that median; null where the median is 0"},
      {"top2_share", "share of the squared norm in the two largest dimensions"},
      {"energy", "fewest neurons that hold 25, 75, 99 % of the mean squared activation"},
      {"contributions", "mean activation x down-projection weight, into each dimension of the massive activation"},
      {"before_gain", "cosine of the residual with the massive activation's direction, mean over samples"},
      {"after_gain",
       "cosine of the input norm's output (gain applied) with the massive activation's direction, mean over samples"},
      {"massive_activation", measure::kMassiveActivationRule}};
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.run, command);
  const auto tokens = parse_int_list(o.track, "--track");
  if (tokens.front() != 0 || tokens.size() < 2)
    throw InputError("--track: expected token 0 first, then ordinary tokens");
  if (tokens.back() >= r.longest())
    throw InputError(fmt::format("--track: token {}: the samples have only {} tokens", tokens.back(), r.longest()));
  const auto self_only = o.self_only.empty() ? std::nullopt : std::optional(parse_probe_mask(o.self_only, r));
  const auto keys = trials::keys_for({0}, {}, kOtherToken, r);
  const double passes = 3 + kBeforeMassive + (self_only ? self_only_passes(r.config()) : 0);
  if (!r.start_tokens(static_cast<int64_t>(passes * static_cast<double>(r.inputs().tokens())))) return;

  const auto stats = measure_sites(r, tokens);
  const auto massive = trials::find_sink_baseline(r, keys, o.run.q_min, r.batches().size()).massive_activation;
  const auto* written = massive ? &stats[massive->site.layer][place_of(massive->site.point)] : nullptr;
  r.finish(metrics(), {{"tokens", tokens},
                       {"layers", describe_layers(stats)},
                       {"massive_activation", massive ? describe(*massive, *written) : json()},
                       {"neurons", massive ? probe_neurons(r, *massive, tokens) : json()},
                       {"direction", massive ? probe_direction(r, *massive, *written, tokens) : json()},
                       {"self_only", self_only ? probe_self_only(r, *self_only, o.self_only) : json()}});
}

}  // namespace

commands::Command mlp_probe() {
  return {"mlp-probe", "which MLP writes the massive activation, in which dimensions, by which neurons?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app::add_run_options(app, o->run);
            app.add_option("--track", o->track, "token 0, then the ordinary tokens to compare it with")
                ->capture_default_str();
            app.add_option("--self-only", o->self_only,
                           "also compare layers with self-only rows: \"layers=0-1;tokens=1,4,8\"");
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
