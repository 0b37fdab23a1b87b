#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace sinkscope::app {

/// What a stream is read on: a person's terminal, or a pipe or file, which gets neither colours nor escape codes.
struct Terminal {
  bool redraws = false;  ///< it understands escape codes: a terminal, and TERM is not `dumb`
  bool colours = false;  ///< the same, and NO_COLOR is unset or empty
  int width = 0;         ///< columns; 0 where lines may have any length
  int height = 0;        ///< lines
};

Terminal terminal_of(std::FILE*);

enum class Colour { plain, heading, good, doubtful, bad, faint };

/// The text in that colour where there are colours, otherwise as it is.
std::string painted(const std::string& text, Colour, const Terminal&);

/// Columns that UTF-8 text takes, a character each; control characters and wide ones are not looked for.
int columns_of(const std::string& text);

/// Its first `columns` characters.
std::string cut_to(const std::string& text, int columns);

/// Broken at spaces into lines of at most `width` columns, none where it is 0; a longer word has a line of its own.
std::vector<std::string> wrapped(const std::string& text, int width);

}  // namespace sinkscope::app
