#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace sinkscope::app {

/// What every experiment is asked: which model, which samples, how to run, where the result goes.
struct RunOptions {
  std::string model, revision;
  std::string device = "auto";
  std::string dtype = "auto";
  std::string text, tokens;
  std::string slice = "windows";
  std::string bos = "auto";
  int64_t samples = 32;
  int64_t length = 512;
  int64_t q_min = 1;
  std::string batch_size = "auto";
  int64_t seed = 0;
  double window_shift = 0;  ///< of the step between windows; no option: for other draws of one run
  int64_t threads = 0;
  std::string out;
  bool force = false, dry_run = false, quiet = false;
};

/// Binds them, in the groups of --help Model, Samples, Run and Output; options that are added later are the
/// experiment's own. Each default, name and help is on one line.
void add_run_options(CLI::App&, RunOptions&);

/// The same without what chooses and scores samples, for an experiment that makes its own.
void add_run_options_without_samples(CLI::App&, RunOptions&);

}  // namespace sinkscope::app
