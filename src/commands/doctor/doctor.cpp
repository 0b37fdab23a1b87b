// doctor: what would fail on this machine, and the mend, before anything is run.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/build_info.h"
#include "commands/command.h"
#include "commands/doctor/finding.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/print_json.h"
#include "sinkscope/app/provenance.h"
#include "sinkscope/app/table.h"

namespace sinkscope::commands {
namespace {

using checkup::Finding;
using checkup::Findings;
using checkup::State;
using nlohmann::ordered_json;

struct Options {
  checkup::Question question{.model = {}, .revision = {}, .dtype = "auto", .out = {}, .python = {}};
  bool json = false;
};

Finding program() {
  return {"sinkscope", State::ok, fmt::format("{} ({}), {}", app::kVersion, app::kGit, app::kCompiler), ""};
}

Findings look(const checkup::Question& q) {
  Findings all{program()};
  const auto add = [&](const Findings& more) { all.insert(all.end(), more.begin(), more.end()); };
  add(checkup::look_at_libtorch());
  add(checkup::look_at_threads());
  add(checkup::look_at_memory());
  add(checkup::look_at_gpu());
  add(checkup::look_at_places(q));
  add(checkup::look_at_model(q));
  add(checkup::look_at_python(q));
  return all;
}

bool is_well(const Findings& findings) {
  return std::none_of(findings.begin(), findings.end(), [](const auto& one) { return one.state == State::fails; });
}

ordered_json to_json(const Findings& findings) {
  auto checks = ordered_json::array();
  for (const auto& one : findings) {
    checks.push_back({{"name", one.name},
                      {"state", checkup::name_of(one.state)},
                      {"found", one.found},
                      {"mend", one.mend.empty() ? ordered_json() : ordered_json(one.mend)}});
  }
  return {{"ok", is_well(findings)}, {"build", app::describe_build()}, {"checks", checks}};
}

app::Colour colour_of(State state) {
  return state == State::ok ? app::Colour::good : state == State::note ? app::Colour::doubtful : app::Colour::bad;
}

void print_page(const Findings& findings) {
  app::Table table({app::Align::left, app::Align::left, app::Align::left});
  for (const auto& one : findings) {
    table.add({{std::string(checkup::name_of(one.state)), colour_of(one.state)}, {one.name}, {one.found}});
    if (!one.mend.empty()) table.add({{""}, {""}, {"mend: " + one.mend, app::Colour::heading}});
  }
  fmt::print("{}{}\n", table.text(app::terminal_of(stdout)),
             is_well(findings) ? "nothing here would fail" : "what is marked `fails` would");
}

void run(const Options& o) {
  const auto findings = look(o.question);
  if (o.json)
    app::print_json(to_json(findings));
  else
    print_page(findings);
  if (!is_well(findings)) throw CLI::RuntimeError(1);
}

}  // namespace

std::string_view checkup::name_of(State state) {
  return state == State::ok ? "ok" : state == State::note ? "note" : "fails";
}

Command doctor() {
  return {
      "doctor", "say what would fail on this machine, and the mend: libtorch, threads, memory, GPU, cache, Python",
      [](CLI::App& app) {
        auto o = std::make_shared<Options>();
        auto& q = o->question;
        app.add_option("--model", q.model, "also look at this model: whole, read, and small enough for the memory")
            ->type_name(app::kModelType);
        app.add_option("--revision", q.revision, "branch, tag or commit of a Hugging Face id");
        app.add_option("--dtype", q.dtype, "in which the model is to run")
            ->capture_default_str()
            ->check(app::one_of({"auto", "float32", "bfloat16", "fp8"}));
        app.add_option("--out", q.out, "also look whether this result could be written")->type_name(app::kOutputType);
        app.add_flag("--force", q.force, "with --out: an existing result is to be replaced");
        app.add_option("--python", q.python,
                       "the Python that draws figures; without it .venv's above the program, then python3")
            ->type_name(app::kFile);
        app.add_flag("--json", o->json, "print one JSON document");
        app.footer(
            "Looks at the libtorch that is loaded beside the one that was built against, the processor's kernels, "
            "threads beside CPUs (affinity, cgroup, Slurm), free memory (cgroup) and what runs in it, the CUDA "
            "module and GPU, the Hugging Face cache, the folder for results, and Python's packages and fonts. "
            "Exit code 1 where something would fail.");
        app.callback([o] { run(*o); });
      },
      kTerminal};
}

}  // namespace sinkscope::commands
