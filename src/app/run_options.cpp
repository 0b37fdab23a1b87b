#include "sinkscope/app/run_options.h"

#include <CLI/CLI.hpp>

namespace sinkscope::app {
namespace {

void add_model_options(CLI::App& app, RunOptions& o) {
  app.add_option("--model", o.model, "checkpoint directory, or a Hugging Face id found in the local cache")->required();
  app.add_option("--revision", o.revision, "branch, tag or commit of a Hugging Face id");
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--dtype", o.dtype, "float32 (fp32), bfloat16 (bf16), fp8 (approximate) or auto: the checkpoint's own")
      ->capture_default_str();
}

void add_sample_options(CLI::App& app, RunOptions& o) {
  app.add_option("--text", o.text, "plain text, or .jsonl with a string or an object with `text` a line");
  app.add_option("--tokens", o.tokens, "JSON array of arrays of ids in place of a text, or `random`");
  app.add_option("--slice", o.slice, "how a text becomes samples: windows, or lines (one sample a line or record)")
      ->capture_default_str()
      ->check(CLI::IsMember({"windows", "lines"}));
  app.add_option("--bos", o.bos,
                 "begin every sample with BOS: with, without, or auto: for a --text, as the tokenizer's files say")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "with", "without"}));
  app.add_option("--samples", o.samples, "number of samples")->capture_default_str()->check(CLI::Range(1, 1 << 24));
  app.add_option("--length", o.length, "tokens a sample")->capture_default_str()->check(CLI::Range(1, 1 << 24));
  app.add_option("--q-min", o.q_min, "first query that counts in mean_attention")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 24));
  app.add_option("--seed", o.seed, "seed of everything random")->capture_default_str();
}

void add_pass_options(CLI::App& app, RunOptions& o) {
  app.add_option("--batch-size", o.batch_size, "samples a forward pass, or auto")->capture_default_str();
  app.add_option("--threads", o.threads, "CPU threads; 0: all cores")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  app.add_option("--out", o.out, "the result file");
  app.add_option("--config", "JSON file with any of these options; the command line overrides it");
  app.add_flag("--force", o.force, "replace an existing result");
  app.add_flag("--dry-run", o.dry_run, "print the plan, memory and expected time, and stop");
  app.add_flag("--quiet", o.quiet, "no progress");
}

}  // namespace

void add_run_options(CLI::App& app, RunOptions& o) {
  add_model_options(app, o);
  add_sample_options(app, o);
  add_pass_options(app, o);
}

void add_run_options_without_samples(CLI::App& app, RunOptions& o) {
  add_model_options(app, o);
  add_pass_options(app, o);
}

}  // namespace sinkscope::app
