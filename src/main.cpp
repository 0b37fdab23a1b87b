#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "../experiments/command.h"
#include "sinkscope/error.h"

int main(int argc, char** argv) {
  CLI::App app{"sinkscope: how a language model marks its first token and makes it the attention sink"};
  app.require_subcommand(1);
  for (const auto& command : sinkscope::experiments::all()) {
    command.setup(*app.add_subcommand(command.name, command.summary));
  }
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const sinkscope::InputError& e) {
    fmt::print(stderr, "sinkscope: {}\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "sinkscope: {}\n", e.what());
    return 1;
  }
}
