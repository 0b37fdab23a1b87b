#include "sinkscope/app/run_options.h"

#include <CLI/CLI.hpp>

#include "sinkscope/app/option_types.h"

namespace sinkscope::app {
namespace {

void add_model_options(CLI::App& app, RunOptions& o) {
  app.option_defaults()->group("Model");
  app.add_option("--model", o.model, "checkpoint directory, or a Hugging Face id found in the local cache")
      ->required()
      ->type_name(kModelType);
  app.add_option("--revision", o.revision, "branch, tag or commit of a Hugging Face id");
}

void add_sample_options(CLI::App& app, RunOptions& o) {
  app.option_defaults()->group("Samples");
  app.add_option("--text", o.text,
                 "plain text, or .jsonl: per line a string or an object with `text`; several by commas share the "
                 "samples equally, and trials are read by text too; `-`: plain text from standard input")
      ->type_name(kFileList);
  app.add_option("--tokens", o.tokens, "token ids instead of a text: a JSON file with an array of arrays, or `random`")
      ->type_name(kFile);
  app.add_option("--slice", o.slice, "how a text becomes samples: windows, or lines (one sample per line or record)")
      ->capture_default_str()
      ->check(CLI::IsMember({"windows", "lines"}));
  app.add_option("--bos", o.bos,
                 "start every sample with BOS: with, without, or auto (--text: as the tokenizer's files define it)")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "with", "without"}));
  app.add_option("--samples", o.samples, "number of samples")->capture_default_str()->check(CLI::Range(1, 1 << 24));
  app.add_option("--length", o.length, "tokens per sample")->capture_default_str()->check(CLI::Range(1, 1 << 24));
  app.add_option("--q-min", o.q_min, "first query position that counts in mean_attention")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 24));
  app.add_option("--seed", o.seed, "seed of all random choices")->capture_default_str();
}

void add_pass_options(CLI::App& app, RunOptions& o) {
  app.option_defaults()->group("Run");
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")
      ->capture_default_str()
      ->check(one_of({"auto", "cpu", "cuda"}));
  app.add_option("--dtype", o.dtype, "float32 (fp32), bfloat16 (bf16), fp8 (approximate), or auto: the checkpoint's")
      ->capture_default_str()
      ->check(one_of({"auto", "float32", "bfloat16", "fp8"}));
  app.add_option("--batch-size", o.batch_size, "samples per forward pass, or auto")->capture_default_str();
  app.add_option("--threads", o.threads, "CPU threads; 0: all cores")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  app.add_option("--config", "JSON file with any of these options; the command line overrides it")->type_name(kFile);
  app.add_flag("--dry-run", o.dry_run, "print the plan, memory and expected time, and stop");
  app.add_flag("--quiet", o.quiet, "show no progress");
}

/// What comes behind them belongs to the experiment.
void add_output_options(CLI::App& app, RunOptions& o) {
  app.option_defaults()->group("Output");
  app.add_option("--out", o.out, "the result file, or `-`: standard output, where nothing else is written beside it")
      ->type_name(kOutputType);
  app.add_flag("--force", o.force, "replace an existing result");
  app.option_defaults()->group("This experiment");
}

}  // namespace

void add_run_options(CLI::App& app, RunOptions& o) {
  add_model_options(app, o);
  add_sample_options(app, o);
  add_pass_options(app, o);
  add_output_options(app, o);
}

void add_run_options_without_samples(CLI::App& app, RunOptions& o) {
  add_model_options(app, o);
  add_pass_options(app, o);
  add_output_options(app, o);
}

}  // namespace sinkscope::app
