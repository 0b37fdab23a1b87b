#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "app/build_info.h"
#include "commands/command.h"
#include "commands/help.h"
#include "commands/parse.h"
#include "experiments/list.h"
#include "sinkscope/app/config_file.h"
#include "sinkscope/app/interrupt.h"
#include "sinkscope/app/terminal.h"
#include "sinkscope/error.h"
#include "sinkscope/model/keep_memory.h"

namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 the run failed; 2 bad usage or input; 75 ended by a signal, nothing half-written.";

void print_error(const std::string& what) {
  using sinkscope::app::Colour;
  const auto name = sinkscope::app::painted("sinkscope:", Colour::bad, sinkscope::app::terminal_of(stderr));
  fmt::print(stderr, "{} {}\n", name, what);
}

std::string unwritten(int error) {
  return fmt::format("standard output: cannot be written: {}", std::generic_category().message(error));
}

/// The exit code.
int run(CLI::App& app, std::vector<std::string> words) {
  try {
    sinkscope::commands::parse(app, sinkscope::app::with_config_file(app, std::move(words)));
    return 0;
  } catch (const CLI::RuntimeError& e) {  // a command that has said why
    return e.get_exit_code();
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const sinkscope::InputError& e) {
    print_error(e.what());
    return 2;
  } catch (const sinkscope::app::Interrupted& e) {
    print_error(e.what());
    return sinkscope::app::kInterruptedExit;
  } catch (const c10::Error& e) {  // its what() goes on with a backtrace
    print_error(e.what_without_backtrace());
    return 1;
  } catch (const std::system_error& e) {
    print_error(std::ferror(stdout) != 0 ? unwritten(e.code().value()) : e.what());
    return 1;
  } catch (const std::exception& e) {
    print_error(e.what());
    return 1;
  }
}

/// What was printed last may not be written yet; a full disk says so only now.
int finished(int code) {
  const bool is_written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (is_written || code != 0) return code;
  print_error(unwritten(errno));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  sinkscope::model::keep_memory();
  sinkscope::app::catch_signals();
  const auto terminal = sinkscope::app::terminal_of(stderr);
  spdlog::set_default_logger(spdlog::stderr_color_mt(
      "sinkscope", terminal.colours ? spdlog::color_mode::automatic : spdlog::color_mode::never));
  CLI::App app{"sinkscope: how a language model marks its first token and makes it the attention sink", "sinkscope"};
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", std::string(sinkscope::app::kVersion) + " (" + sinkscope::app::kGit + ")");
  app.footer(kExitCodes);
  app.require_subcommand(1);
  sinkscope::commands::wrap_help(app);
  auto list = sinkscope::experiments::all();
  for (auto& command : sinkscope::commands::all()) list.push_back(std::move(command));
  sinkscope::commands::add_to(app, list);
  return finished(run(app, {argv + 1, argv + argc}));
}
