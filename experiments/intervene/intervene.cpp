// intervene: any list of trials written in JSON. A new experiment without C++.
//
// Question: what does the sink do when these activations are changed? Edit, reading and controls are those of every
// trial (trials/): attention to the tracked tokens from the sink layer on, the massive activation, the loss, each as a
// paired difference from the unedited run. "effect" where random moves as large have none: what was edited matters to
// the sink; "no effect" bounds what it can matter; "effect" that random moves share, or that frozen norms take away:
// size, not content, did it. Source: experiments B1 to B11 of the project's list, whose edits these are.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"
#include "sinkscope/result/sha256.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/metrics.h"
#include "sinkscope/trials/report.h"

namespace sinkscope::experiments {
namespace {

using nlohmann::json;

struct Options {
  trials::Options trials;
  std::string list, runs = "{}", track = "0";
};

bool is_json(const std::string& text) {
  return !text.empty() && (text[0] == '[' || text[0] == '{');
}

/// JSON text, or of a file.
json read(const std::string& text, const std::string& option) {
  if (is_json(text)) return files::parse_json(text, option);
  return files::parse_json(files::read_file(text, files::kMaxJson), fmt::format("{} {}", option, text));
}

/// Files beside the list of trials, or, where the list is no file, in the working directory.
intervene::TensorFiles beside(const std::string& list) {
  return intervene::TensorFiles(is_json(list) ? std::filesystem::path() : std::filesystem::path(list).parent_path());
}

json hashes(const intervene::TensorFiles& files) {
  auto list = json::array();
  for (const auto& path : files.paths())
    list.push_back({{"path", path.string()}, {"sha256", result::sha256_file(path)}});
  return list;
}

/// Every token that a trial edits or takes rows from.
std::vector<int64_t> tokens_of(const std::vector<intervene::Trial>& list) {
  std::vector<int64_t> tokens;
  for (const auto& trial : list) {
    for (const auto& edit : trial.edits) {
      if (!edit.all_but) tokens.insert(tokens.end(), edit.tokens.begin(), edit.tokens.end());
      if (edit.from) tokens.insert(tokens.end(), edit.from->tokens.begin(), edit.from->tokens.end());
    }
  }
  return tokens;
}

void run(const Options& o, const CLI::App& command) {
  app::Run r(o.trials.run, command);
  const auto runs = intervene::parse_runs(read(o.runs, "--runs"));
  auto tensors = beside(o.list);
  const auto list = intervene::parse_trials(read(o.list, "--trials"), runs, r.config(), r.longest(), tensors);
  const bool resamples = std::any_of(list.begin(), list.end(), [](const auto& trial) {
    return std::any_of(trial.edits.begin(), trial.edits.end(),
                       [](const auto& e) { return e.operation == intervene::Operation::resample; });
  });
  trials::Runner runner(r, o.trials,
                        {.tracked = parse_int_list(o.track, "--track"),
                         .edited = tokens_of(list),
                         .runs = runs,
                         .wants_other_documents = resamples,
                         .trials = static_cast<double>(list.size()),
                         .tensor_files = hashes(tensors)});
  runner.check(list);
  if (!runner.start()) return;
  const auto measured = runner.measure(list);
  runner.finish(trials::metrics(o.trials, runner.keys()),
                {{"runs", intervene::to_json(runs)}, {"trials", trials::describe(runner, measured)}});
}

}  // namespace

commands::Command intervene() {
  return {"intervene", "what does the sink do under any declared edits?",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            trials::add_options(app, o->trials);
            trials::add_sharing_options(app, o->trials);
            app.add_option("--trials", o->list, "the list of trials: a JSON file, or the JSON itself")
                ->required()
                ->type_name(app::kJsonType);
            app.add_option("--runs", o->runs,
                           "attention conditions by name, whose runs can be copied from: JSON file or JSON")
                ->capture_default_str()
                ->type_name(app::kJsonType);
            app.add_option("--track", o->track, "tokens whose attention is compared, 0 first")->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kMarks};
}

}  // namespace sinkscope::experiments
