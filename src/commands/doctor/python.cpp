// The Python that draws figures: asked for its packages and fonts by `python -m sinkscope.doctor`, which prints
// findings as JSON.

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/build_info.h"
#include "commands/doctor/finding.h"
#include "sinkscope/app/command_line.h"

namespace sinkscope::commands::checkup {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kName[] = "Python";
constexpr int kLongest = 60;  // seconds: matplotlib lists the fonts at its first start

/// That which started the program (python/sinkscope/program.py says so), or of the environment which the program is
/// installed in, or of .venv above it, as scripts/setup.sh makes it; otherwise the shell's.
std::string usual_python() {
  if (const char* starter = std::getenv("SINKSCOPE_PYTHON")) return starter;
  std::error_code unknown;
  for (auto folder = fs::read_symlink("/proc/self/exe", unknown).parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder / "pyvenv.cfg")) return (folder / "bin/python").string();
    if (const auto python = folder / ".venv/bin/python"; fs::exists(python)) return python.string();
  }
  return "python3";
}

struct Answer {
  std::string text;
  int code = 0;
};

/// What it prints, and its exit code. A program that reads its standard input finds it empty.
Answer ask(const std::string& python) {
  const auto command = fmt::format("timeout -s KILL {} {} -m sinkscope.doctor --version {} </dev/null 2>/dev/null",
                                   kLongest, app::quoted(python), app::quoted(app::kVersion));
  Answer answer;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), [](std::FILE*) { return 0; });
  if (!pipe) return {"", -1};
  std::array<char, 4096> block{};
  for (size_t got = 0; (got = std::fread(block.data(), 1, block.size(), pipe.get())) > 0;)
    answer.text.append(block.data(), got);
  answer.code = pclose(pipe.get());
  return answer;
}

Findings read(const std::string& text) {
  Findings findings;
  for (const auto& one : json::parse(text)) {
    const auto& state = one.at("state");
    findings.push_back({one.at("name"),
                        state == "ok"     ? State::ok
                        : state == "note" ? State::note
                                          : State::fails,
                        one.at("found"), one.at("mend")});
  }
  return findings;
}

}  // namespace

Findings look_at_python(const Question& q) {
  const auto python = q.python.empty() ? usual_python() : q.python;
  const auto answer = ask(python);
  try {
    if (answer.code == 0) return read(answer.text);
  } catch (const json::exception&) {  // another program's words
  }
  const auto state = q.python.empty() ? State::note : State::fails;
  return {{kName, state, fmt::format("{} has no package sinkscope: no figures, frames or reports", python),
           "scripts/setup.sh makes .venv in a clone; otherwise pip install the wheel; --python names another Python"}};
}

}  // namespace sinkscope::commands::checkup
