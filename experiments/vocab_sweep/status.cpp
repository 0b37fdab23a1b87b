// status: how far the shards of a sweep, or the processes that share a run of trials, are by their journals and
// results.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "commands/command.h"
#include "experiments/vocab_sweep/overview.h"
#include "experiments/vocab_sweep/watch.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/print_json.h"
#include "sinkscope/error.h"

namespace sinkscope::experiments {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string every;
  double patience = sweep::Watch{}.patience;
  bool json = false;
};

/// Seconds, where the word is a number.
std::optional<double> seconds_in(const std::string& word) {
  double seconds = 0;
  const auto [after, error] = std::from_chars(word.data(), word.data() + word.size(), seconds);
  if (error != std::errc{} || after != word.data() + word.size()) return std::nullopt;
  return seconds;
}

/// `--watch a.json` leaves the seconds out: the word behind it is a file.
sweep::Watch watch_of(Options& o) {
  sweep::Watch watch{.every = sweep::Watch{}.every, .patience = o.patience};
  if (o.every.empty()) return watch;
  if (const auto seconds = seconds_in(o.every))
    watch.every = *seconds;
  else
    o.files.insert(o.files.begin(), o.every);
  if (watch.every <= 0) throw InputError(fmt::format("--watch {}: expected seconds above 0", o.every));
  return watch;
}

void run(Options o, const CLI::App& command) {
  const bool watches = command["--watch"]->count() > 0;
  const auto watch = watch_of(o);
  if (o.files.empty()) throw InputError("files is required: the journals or results to look at");
  if (watches) {
    if (!sweep::watch(o.files, watch)) throw CLI::RuntimeError(1);
    return;
  }
  const auto all = sweep::look(o.files, /*may_be_absent=*/false);
  if (o.json)
    app::print_json(sweep::to_json(all));
  else
    fmt::print("{}", sweep::page(all, app::terminal_of(stdout)));
}

}  // namespace

commands::Command status() {
  return {"status", "show how far the processes of a vocab-sweep, or of a run of trials, are",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("files", o->files, "journals or results: of a sweep every shard's, of trials one is enough")
                ->type_name(app::kJournalType)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            auto* json = app.add_flag("--json", o->json, "print one JSON document");
            app.add_option("--watch", o->every,
                           "look again every so many seconds (2) until all is done; exit code 1 where it will not be")
                ->type_name("SECONDS")
                ->expected(0, 1)
                ->excludes(json);
            app.add_option("--patience", o->patience,
                           "with --watch: seconds without a new record after which processes are taken as lost")
                ->check(CLI::PositiveNumber)
                ->capture_default_str();
            app.callback([o, &app] { run(*o, app); });
          },
          commands::kParts};
}

}  // namespace sinkscope::experiments
