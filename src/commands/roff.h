#pragma once

#include <string>

/// A manual page by the macros of man(7). Text is plain and is escaped here; what bold() and italic() give is not
/// escaped again, and goes into item() as its name and into raw().
namespace sinkscope::commands::roff {

std::string bold(const std::string& text);
std::string italic(const std::string& text);

/// Of section 1; `date` as 2026-11-27, `source` names the program and its version.
std::string title(const std::string& name, const std::string& date, const std::string& source);
std::string section(const std::string& name);
std::string subsection(const std::string& name);

std::string line(const std::string& text);
std::string raw(const std::string& marked_up);
std::string paragraph(const std::string& text);

/// A name and, further in, what it is.
std::string item(const std::string& marked_up_name, const std::string& text);

/// What comes between them is further in.
std::string indent();
std::string outdent();

}  // namespace sinkscope::commands::roff
