#include "sinkscope/trials/trial_list.h"

#include <ATen/ATen.h>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/metrics.h"
#include "sinkscope/trials/report.h"

namespace sinkscope::trials {

using nlohmann::json;

namespace {

json row(Runner& r, const Measured& of) {
  const auto& [trial, outcome] = of;
  auto made = trial.about;
  made["name"] = trial.name;
  made["role"] = intervene::name(trial.role);
  made["sink"] = json::array();
  for (size_t i = 0; i < r.keys().tracked.size(); ++i) {
    const auto key = static_cast<int64_t>(i);
    const auto level = r.bootstrap().interval(outcome.sink(key));
    const auto difference = r.bootstrap().interval(outcome.sink(key) - r.unedited().sink(key));
    made["sink"].push_back({{"token", r.keys().tracked[i]},
                            {"level", measure::to_json(level)},
                            {"difference", measure::to_json(difference)}});
  }
  made["ordinary"] = measure::finite(outcome.ordinary().nanmean().item<double>());
  return made;
}

}  // namespace

json table(Runner& r, const std::vector<Measured>& list) {
  auto rows = json::array();
  for (const auto& measured : list) rows.push_back(row(r, measured));
  return rows;
}

json no_trials(Runner& runner, const std::string& why) {
  if (why.empty()) return nullptr;
  runner.run().warn("no trials: " + why);
  return why;
}

void finish(Runner& runner, const std::vector<intervene::Trial>& list, const json& more, json results) {
  const auto measured = list.empty() ? std::vector<Measured>() : runner.measure(list);
  results["table"] = table(runner, measured);
  results["trials"] = describe(runner, measured);
  auto definitions = metrics(runner.options(), runner.keys());
  definitions.update(more);
  runner.finish(definitions, std::move(results));
}

void run(app::Run& r, const Options& o, const TrialList& trials) {
  Runner runner(r, o, trials.design);
  if (!runner.start()) return;
  runner.require_sink();
  finish(runner, trials.make(runner));
}

intervene::Edit edit_at(const model::Site& site, int64_t token, intervene::Operation operation) {
  return {.site = site, .tokens = {token}, .operation = operation};
}

intervene::Edit edit_from(const model::Site& site, int64_t token, intervene::Operation operation,
                          intervene::Source source) {
  return {.site = site, .tokens = {token}, .operation = operation, .from = std::move(source)};
}

std::string short_name(const model::Site& site) {
  auto name = model::name(site);
  if (const auto at = name.find("hook_"); at != std::string::npos) name.erase(at, 5);
  return name;
}

std::vector<model::Site> block_outputs(int64_t layers) {
  std::vector<model::Site> sites;
  for (int64_t layer = 0; layer < layers; ++layer) {
    sites.push_back({model::Point::attn_out, layer});
    sites.push_back({model::Point::mlp_out, layer});
  }
  return sites;
}

}  // namespace sinkscope::trials
