// --help on a terminal: no line is longer than that is wide.

#include "commands/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "sinkscope/app/terminal.h"

namespace sinkscope::commands {
namespace {

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

void wrap_help(CLI::App& program) {
  program.formatter(std::make_shared<Help>());
}

}  // namespace sinkscope::commands
