#include "sinkscope/app/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "sinkscope/spelling/int_list.h"

namespace sinkscope::app {
namespace {

constexpr int kUsualWidth = 80, kUsualHeight = 24;  // of a terminal that does not say

/// Empty where it is not set.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_dumb() {
  const auto term = variable("TERM");
  return term.empty() || term == "dumb";
}

int number_in(const char* name, int otherwise) {
  const int number = std::atoi(variable(name).c_str());
  return number > 0 ? number : otherwise;
}

/// Of a terminal, as wide and high as it says.
Terminal sized(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) size = {};
  Terminal terminal;
  terminal.width = size.ws_col > 0 ? size.ws_col : number_in("COLUMNS", kUsualWidth);
  terminal.height = size.ws_row > 0 ? size.ws_row : number_in("LINES", kUsualHeight);
  return terminal;
}

/// SGR parameters, of the eight colours that every theme has set.
const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::heading: return "1";
    case Colour::good: return "32";
    case Colour::doubtful: return "33";
    case Colour::bad: return "31";
    case Colour::faint: return "2";
    default: return "0";
  }
}

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

}  // namespace

Terminal terminal_of(std::FILE* stream) {
  const int descriptor = fileno(stream);
  if (isatty(descriptor) != 1) return {};
  auto terminal = sized(descriptor);
  terminal.redraws = !is_dumb();
  terminal.colours = terminal.redraws && variable("NO_COLOR").empty();
  return terminal;
}

std::string painted(const std::string& text, Colour colour, const Terminal& terminal) {
  if (!terminal.colours || colour == Colour::plain || text.empty()) return text;
  return fmt::format("\033[{}m{}\033[0m", code_of(colour), text);
}

int columns_of(const std::string& text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string cut_to(const std::string& text, int columns) {
  size_t end = 0;
  for (int left = columns; end < text.size() && (left > 0 || !begins_character(text[end])); ++end) {
    if (begins_character(text[end])) --left;
  }
  return text.substr(0, end);
}

std::vector<std::string> wrapped(const std::string& text, int width) {
  if (width <= 0 || columns_of(text) <= width) return {text};
  std::vector<std::string> lines(1);
  for (const auto& word : split(text, ' ')) {
    if (!lines.back().empty() && columns_of(lines.back()) + 1 + columns_of(word) > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

}  // namespace sinkscope::app
