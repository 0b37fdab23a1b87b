#include "sinkscope/trials/listed.h"

#include <ATen/ATen.h>

#include "sinkscope/trials/metrics.h"
#include "sinkscope/measure/statistics.h"

namespace sinkscope::trials {

using nlohmann::json;

namespace {

json row(Runner& r, const intervene::Trial& trial, const Outcome& outcome, json about) {
  about["name"] = trial.name;
  about["sink"] = json::array();
  for (size_t i = 0; i < r.keys().tracked.size(); ++i) {
    const auto key = static_cast<int64_t>(i);
    const auto level = r.bootstrap().interval(outcome.sink(key));
    const auto difference = r.bootstrap().interval(outcome.sink(key) - r.unedited().sink(key));
    about["sink"].push_back({{"token", r.keys().tracked[i]},
                             {"level", measure::to_json(level)},
                             {"difference", measure::to_json(difference)}});
  }
  const auto ordinary = outcome.ordinary().nanmean().item<double>();
  about["ordinary"] = measure::finite(ordinary);
  return about;
}

}  // namespace

json table(Runner& r, const std::vector<intervene::Trial>& list, const std::vector<Outcome>& outcomes,
           const About& about) {
  auto rows = json::array();
  for (size_t i = 0; i < list.size(); ++i) rows.push_back(row(r, list[i], outcomes[i], about(list[i])));
  return rows;
}

void finish_list(Runner& runner, const std::vector<intervene::Trial>& list, const About& about, const json& more,
                 json results) {
  const auto outcomes = runner.measure(list);
  if (runner.is_part()) return;
  results["table"] = table(runner, list, outcomes, about);
  results["trials"] = describe(runner, list, outcomes);
  auto definitions = metrics(runner.options(), runner.keys());
  definitions.update(more);
  runner.finish(definitions, std::move(results));
}

void run_listed(app::Run& r, const Options& o, const Listed& listed) {
  Runner runner(r, o, listed.design);
  if (!runner.start()) return;
  runner.require_sink();
  finish_list(runner, listed.make(runner), listed.about);
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
