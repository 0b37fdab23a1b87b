#include "commands/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sinkscope/app/terminal.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::commands {
namespace {

std::vector<std::string> names_of(const CLI::App& program) {
  std::vector<std::string> names;
  for (const auto* command : program.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// Words are left over where nothing takes them.
void refuse_unknown(const CLI::App& program) {
  const auto left = program.remaining(/*recurse=*/true);
  if (left.empty()) return;
  const auto word = left.front().substr(0, left.front().find('='));
  const auto chosen = program.get_subcommands();
  const bool is_option = word.starts_with("-");
  if (chosen.empty() && !is_option)
    throw InputError(fmt::format("no command is named '{}'; the nearest is '{}' (sinkscope --help lists all)", word,
                                 nearest(word, names_of(program))));
  const auto& command = chosen.empty() ? program : *chosen.front();
  const auto of = chosen.empty() ? "sinkscope" : "sinkscope " + command.get_name();
  if (!is_option) throw InputError(fmt::format("{0} takes no word '{1}' here ({0} --help)", of, word));
  throw InputError(fmt::format("{0} has no option {1}; the nearest is {2} ({0} --help lists all)", of, word,
                               nearest(word, options_of(command))));
}

/// Where what explains begins: behind the first gap of two spaces or more.
size_t second_column(const std::string& line) {
  const auto word = line.find_first_not_of(' ');
  const auto gap = word == std::string::npos ? word : line.find("  ", word);
  return gap == std::string::npos ? std::string::npos : line.find_first_not_of(' ', gap);
}

/// Lines go on below what they explain.
std::string broken(const std::string& line, int width) {
  constexpr size_t kMostIndent = 40;
  const auto column = second_column(line);
  const auto indent = column > kMostIndent ? std::min(kMostIndent, line.find_first_not_of(' ')) : column;
  std::string all;
  const auto text = line.substr(indent);
  const auto margin = std::string(indent, ' ');
  for (const auto& part : app::wrapped(text, width - static_cast<int>(indent))) {
    all += all.empty() ? line.substr(0, indent) : "\n" + margin;
    all += part;
  }
  return all;
}

class Help : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    auto page = CLI::Formatter::make_help(app, std::move(name), mode);
    const int width = app::terminal_of(stdout).width;
    if (width <= 0) return page;
    std::string all;
    for (size_t begin = 0; begin < page.size();) {
      const auto end = std::min(page.find('\n', begin), page.size());
      const auto line = page.substr(begin, end - begin);
      all += (app::columns_of(line) <= width ? line : broken(line, width)) + "\n";
      begin = end + 1;
    }
    return all;
  }
};

}  // namespace

void parse(CLI::App& program, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // as CLI11 wants a vector
  try {
    program.parse(std::move(words));
  } catch (const CLI::RequiredError&) {
    refuse_unknown(program);
    throw;
  } catch (const CLI::ExtrasError&) {
    refuse_unknown(program);
    throw;
  }
}

void wrap_help(CLI::App& program) {
  program.formatter(std::make_shared<Help>());
}

}  // namespace sinkscope::commands
