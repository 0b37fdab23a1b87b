#include "commands/roff.h"

#include <fmt/format.h>

namespace sinkscope::commands::roff {
namespace {

/// As it stands: a dash that can be copied, no backslash, no request at the start of a line.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '`')
      out += "\\(ga";
    else if (c == '^')
      out += "\\(ha";
    else if (c == '~')
      out += "\\(ti";
    else
      out += c == '\n' ? ' ' : c;
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : escaped(text)) out += c == '"' ? std::string("\\(dq") : std::string(1, c);
  return fmt::format("\"{}\"", out);
}

}  // namespace

std::string bold(const std::string& text) {
  return fmt::format("\\fB{}\\fR", escaped(text));
}

std::string italic(const std::string& text) {
  return fmt::format("\\fI{}\\fR", escaped(text));
}

std::string title(const std::string& name, const std::string& date, const std::string& source) {
  return fmt::format(".TH {} 1 \"{}\" {}\n.nh\n.ad l\n", quoted(name), date, quoted(source));
}

std::string section(const std::string& name) {
  return fmt::format(".SH {}\n", quoted(name));
}

std::string subsection(const std::string& name) {
  return fmt::format(".SS {}\n", quoted(name));
}

std::string line(const std::string& text) {
  return escaped(text) + "\n";
}

std::string raw(const std::string& marked_up) {
  return marked_up + "\n";
}

std::string paragraph(const std::string& text) {
  return ".PP\n" + line(text);
}

std::string item(const std::string& marked_up_name, const std::string& text) {
  return fmt::format(".TP\n{}\n{}", marked_up_name, line(text));
}

std::string indent() {
  return ".RS\n";
}

std::string outdent() {
  return ".RE\n";
}

}  // namespace sinkscope::commands::roff
