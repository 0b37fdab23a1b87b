// random-model: a checkpoint of a published shape with seeded random weights, so that every size runs without a
// download.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/model/random_checkpoint.h"
#include "sinkscope/model/weights.h"

namespace sinkscope::commands {
namespace {

struct Options {
  std::string like, dtype = "bfloat16", out;
  int64_t layers = 0, seed = 0;
};

void run(const Options& o) {
  auto config = model::known_shape(o.like);
  if (o.layers > 0) config.n_layers = o.layers;
  config.dtype = o.dtype;
  model::write_random_checkpoint(config, static_cast<uint64_t>(o.seed), o.out);
  fmt::print("{}: {} with {} layers, {:.2f} G parameters in {}, seed {}\n", o.out, o.like, config.n_layers,
             static_cast<double>(model::parameter_count(config)) * 1e-9, o.dtype, o.seed);
}

}  // namespace

Command random_model() {
  return {"random-model", "write a checkpoint of a published shape with seeded random weights",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("--like", o->like, "whose published shape")
                ->required()
                ->check(app::one_of(model::known_shapes()));
            app.add_option("--layers", o->layers, "number of layers; 0: as published")
                ->capture_default_str()
                ->check(CLI::Range(0, 10000));
            app.add_option("--dtype", o->dtype, "bfloat16 or float32")
                ->capture_default_str()
                ->check(app::one_of({"bfloat16", "float32"}));
            app.add_option("--seed", o->seed, "seed of the weights")->capture_default_str();
            app.add_option("--out", o->out, "the folder to write; it must not exist")
                ->required()
                ->type_name(app::kFolderType);
            app.callback([o] { run(*o); });
          },
          kModel};
}

}  // namespace sinkscope::commands
