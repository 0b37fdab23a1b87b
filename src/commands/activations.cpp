// activations: what any hook point holds, under the same changes as the experiments, as a safetensors file.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/run.h"
#include "sinkscope/error.h"
#include "sinkscope/intervene/attention_condition.h"
#include "sinkscope/intervene/positions.h"
#include "sinkscope/model/safetensors.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::commands {
namespace {

struct Options {
  app::RunOptions run;
  std::string sites, columns, positions, self_only;
};

void run(const Options& o, const CLI::App& command) {
  app::refuse_standard_output(o.run.out, "safetensors are mapped into memory by who reads them");
  app::Run r(o.run, command);
  if (o.sites.empty() && o.columns.empty()) throw InputError("expected --sites, --columns or both");
  const auto sites = o.sites.empty() ? std::vector<model::Site>{} : model::parse_sites(o.sites, r.config());
  const auto keys = o.columns.empty() ? std::vector<int64_t>{} : parse_int_list(o.columns, "--columns");
  const auto positions = intervene::parse_positions(o.positions, r.longest());
  const auto condition =
      o.self_only.empty() ? intervene::AttentionCondition() : intervene::parse_condition(o.self_only);
  if (!r.start(1)) return;

  std::map<std::string, std::vector<at::Tensor>> parts;
  const auto column_name = [](int64_t layer) { return fmt::format("blocks.{}.attn.columns", layer); };
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    taps.positions(positions);
    if (condition.any()) taps.attention(condition.change, condition.layers);
    for (const auto& site : sites) {
      taps.read(site, [&, site](const at::Tensor& x) {
        parts[model::name(site)].push_back(x.to(at::kCPU, r.model().dtype()).contiguous());
      });
    }
    for (int64_t layer = 0; layer < r.config().n_layers && !keys.empty(); ++layer) {
      taps.columns(layer, keys,
                   [&, layer](const at::Tensor& x) { parts[column_name(layer)].push_back(x.cpu().contiguous()); });
    }
    r.forward(batch, taps);
  }
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& site : sites) tensors.emplace_back(model::name(site), at::cat(parts[model::name(site)]));
  for (int64_t layer = 0; layer < r.config().n_layers && !keys.empty(); ++layer) {
    tensors.emplace_back(column_name(layer), at::cat(parts[column_name(layer)]));
  }
  const auto provenance = r.provenance();
  std::map<std::string, std::string> metadata{{"ids", nlohmann::json(r.samples().ids).dump()},
                                              {"starts", nlohmann::json(r.samples().starts).dump()}};
  for (const auto& [key, value] : provenance.items())
    metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
  model::write_safetensors(o.run.out, tensors, metadata);
}

}  // namespace

Command activations() {
  return {"activations", "export what any hook point holds, as safetensors",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app::add_run_options(app, o->run);
            app.add_option("--sites", o->sites,
                           "hook points, separated by commas: names, globs (blocks.*.hook_resid_post) or all")
                ->type_name(app::kSitesType);
            app.add_option("--columns", o->columns,
                           "also export the attention that every query pays to these keys, in float32, by layer");
            app.add_option("--positions", o->positions, "rotary positions as token=position: 0=8,8=0");
            app.add_option("--self-only", o->self_only, "attention changes: \"layers=0-1;tokens=1,4\"");
            app.callback([o, &app] { run(*o, app); });
          },
          kModel};
}

}  // namespace sinkscope::commands
