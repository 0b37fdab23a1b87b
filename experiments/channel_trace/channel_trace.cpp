// channel-trace: which dimensions tell the first token from others, and from which block part on?
//
// Reading, without an edit: every dimension at tokens 0 to 8 through embedding, attention, MLP, residual and normalised
// inputs up to the sink's layer, in the unedited run and where every token sees only itself in the first layers. Ranked
// by effect size (Cohen's d of token 0 against tokens 1 to 8) and by AUC on half of the documents, not by size: a small
// dimension may hold the signal and a huge one may not. On the other half: effect size, AUC, and its p against the
// largest AUC over all dimensions when the first token is drawn at random. A dimension that separates, and that seeing
// only itself brings to token 0's level at every token, may be the signal; whether it is, channel-patch tells: a decoy
// separates as well. Source: experiment B3 of the project's list.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "commands/command.h"
#include "sinkscope/measure/separation.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/trials/edited_layers.h"
#include "sinkscope/trials/search/signal.h"
#include "sinkscope/trials/search/site_trace.h"

namespace sinkscope::experiments {
namespace {

using model::Point;
using model::Site;
using nlohmann::json;

constexpr char kSelfOnly[] = "every token self-only";

struct Options {
  trials::Options trials;
  std::string self_only_layers = "0,1", dimensions;
  int64_t top = 16, draws = 200;
};

/// Embedding, and what each block writes, holds and reads, up to what the sink's attention reads.
std::vector<Site> traced_sites(int64_t sink_layer, int64_t layers) {
  std::vector<Site> sites{{Point::embed}};
  const int64_t blocks = sink_layer >= 0 ? sink_layer : layers;
  for (int64_t layer = 0; layer < blocks; ++layer) {
    for (const auto point :
         {Point::ln1, Point::attn_out, Point::resid_mid, Point::ln2, Point::mlp_out, Point::resid_post})
      sites.push_back({point, layer});
  }
  if (sink_layer >= 0) sites.push_back({Point::ln1, sink_layer});
  return sites;
}

std::vector<double> means_by_token(const at::Tensor& rows, int64_t dimension) {
  return model::to_vector(rows.select(2, dimension).to(at::kDouble).mean(0));
}

/// One site: the best dimensions of the half that chooses, as the other half sees them.
json trace_site(trials::Runner& r, const Site& site, const std::vector<int64_t>& named, const Options& o) {
  const auto chosen_rows = trials::search::traced_rows(r, "unedited", site, r.choosing());
  const auto chosen = trials::search::trace_of(chosen_rows);
  const auto rows = trials::search::traced_rows(r, "unedited", site, r.testing());
  const auto alone = trials::search::traced_rows(r, kSelfOnly, site, r.testing());
  const auto tested = trials::search::trace_of(rows);
  const auto areas = measure::auc(rows).to(at::kCPU);
  const auto by_chance = measure::largest_auc_by_chance(rows, static_cast<uint64_t>(o.trials.run.seed), o.draws);
  const auto chosen_areas = measure::auc(chosen_rows).to(at::kCPU);
  const auto effect_alone = trials::search::trace_of(alone).effect, areas_alone = measure::auc(alone).to(at::kCPU);
  const auto magnitude = chosen.first.abs().argsort(int64_t{0}, true).argsort(int64_t{0}, false);
  std::vector<int64_t> dimensions(chosen.by_effect.begin(),
                                  chosen.by_effect.begin() + std::min<int64_t>(o.top, rows.size(2)));
  const auto by_auc = std::get<1>(chosen_areas.topk(std::min<int64_t>(o.top, rows.size(2))));
  for (int64_t i = 0; i < by_auc.numel(); ++i) {
    const auto d = by_auc[i].item<int64_t>();
    if (std::count(dimensions.begin(), dimensions.end(), d) == 0) dimensions.push_back(d);
  }
  for (const int64_t d : named) {
    if (std::count(dimensions.begin(), dimensions.end(), d) == 0) dimensions.push_back(d);
  }
  auto list = json::array();
  for (const int64_t d : dimensions) {
    const double auc = areas[d].item<double>();
    list.push_back({{"dimension", d},
                    {"effect_size",
                     {{"chosen", measure::finite(chosen.effect[d].item<double>())},
                      {"tested", measure::finite(tested.effect[d].item<double>())}}},
                    {"auc", auc},
                    {"p", measure::p_value(by_chance, auc)},
                    {"rank_by_magnitude", magnitude[d].item<int64_t>()},
                    {"effect_size_self_only", measure::finite(effect_alone[d].item<double>())},
                    {"auc_self_only", areas_alone[d].item<double>()},
                    {"mean", means_by_token(rows, d)},
                    {"mean_self_only", means_by_token(alone, d)}});
  }
  return {{"site", model::name(site)},
          {"width", rows.size(2)},
          {"largest_auc_by_chance",
           {{"median", measure::quantile(by_chance, 0.5)}, {"p95", measure::quantile(by_chance, 0.95)}}},
          {"dimensions", list}};
}

json definitions(const Options& o) {
  return {
      {"effect_size",
       "Cohen's d: (mean at token 0 - mean at tokens 1 to 8) / pooled standard deviation; chosen: on the "
       "documents that rank, tested: on the others; null where only the means differ; self_only: on those, where "
       "every token sees only itself"},
      {"auc", "area under the ROC curve of token 0 against tokens 1 to 8, at least 0.5, on the documents that test"},
      {"p", fmt::format("(1 + draws whose largest AUC over all dimensions reaches this one) / (1 + {}): which token is "
                        "first is drawn anew in each sample",
                        o.draws)},
      {"mean", "mean at tokens 0 to 8, on the documents that test; self-only: every token sees only itself in layers " +
                   o.self_only_layers},
      {"rank_by_magnitude", "place of |mean at token 0| among the dimensions, 0 the largest"}};
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  const auto layers = trials::parse_layers(o.self_only_layers, r.config(), "--self-only-layers");
  const auto named = trials::search::parse_channels(o.dimensions, r.config());
  trials::Runner runner(r, o.trials,
                        {.edited = {0, trials::search::kLastTraced},
                         .runs = {{kSelfOnly, intervene::all_self_only(layers)}},
                         .split = true});
  if (!runner.start()) return;
  const auto sites = traced_sites(runner.sink_layer(), r.config().n_layers);
  for (const auto& site : sites) {
    for (const char* of : {"unedited", kSelfOnly}) trials::search::want_trace(runner, of, site);
  }
  runner.gather();
  auto traced = json::array();
  for (const auto& site : sites) traced.push_back(trace_site(runner, site, named, o));
  runner.finish(definitions(o), {{"self_only_layers", layers}, {"sites", traced}});
}

}  // namespace

commands::Command channel_trace() {
  return {"channel-trace", "which dimensions tell the first token from others, and where?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_run_options(app, o->trials);
            app.add_option("--layer", o->trials.layer, "the sink's layer; -1: where it appears")
                ->capture_default_str()
                ->check(CLI::Range(-1, 1 << 20));
            app.add_option("--self-only-layers", o->self_only_layers, "layers in which every token sees only itself")
                ->capture_default_str();
            app.add_option("--dimensions", o->dimensions, "reported at every site beside the best");
            app.add_option("--top", o->top, "dimensions reported, best first: by effect size, then those that AUC adds")
                ->capture_default_str()
                ->check(CLI::Range(1, 1 << 20));
            app.add_option("--draws", o->draws, "of the permutation maximum")
                ->capture_default_str()
                ->check(CLI::Range(1, 1 << 20));
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
