#include "sinkscope/app/option_types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "sinkscope/error.h"
#include "sinkscope/files/standard_input.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::app {
namespace {

using files::kStandardStream;

/// Why `-` cannot stand for a value of this type; "" where it can.
std::string refusal_of(const std::string& type) {
  static const std::map<std::string, std::string> why = {
      {kModelType, "a checkpoint is a folder of several files; unpack it, and name the folder"},
      {kFolderType, "it is a folder; name one"},
      {kPartType, "a part has a .safetensors file beside it; name the part's file"},
      {kJournalType, "it is read again while it grows; name the file"},
  };
  const auto found = why.find(type);
  return found == why.end() ? "" : found->second;
}

bool reads_standard_input(const std::string& type, const std::string& value) {
  if (type == kFileList) {
    const auto files = split(value, ',');
    return std::find(files.begin(), files.end(), kStandardStream) != files.end();
  }
  return (type == kFile || type == kJsonType) && value == kStandardStream;
}

std::vector<std::string> values_of(const CLI::Option& option) {
  auto values = option.results();
  // Of an option given twice, the last one counts.
  if (option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeLast && values.size() > 1)
    values.erase(values.begin(), values.end() - 1);
  return values;
}

}  // namespace

CLI::Validator one_of(const std::vector<std::string>& names) {
  return CLI::Validator(fmt::format("{{{}}}", fmt::join(names, ",")));
}

CLI::Validator some_of(const std::vector<std::string>& names) {
  return CLI::Validator(fmt::format("{{{}}},...", fmt::join(names, ",")));
}

void refuse_standard_output(const std::string& out, const std::string& why) {
  if (out == kStandardStream) throw InputError(fmt::format("--out -: {}; name a file", why));
}

void check_standard_streams(const CLI::App& command) {
  std::string reader;
  for (const auto* option : command.get_options()) {
    const auto type = option->get_type_name(), name = option->get_name();
    for (const auto& value : values_of(*option)) {
      if (value == kStandardStream && !refusal_of(type).empty())
        throw InputError(fmt::format("{} -: {}", name, refusal_of(type)));
      if (!reads_standard_input(type, value)) continue;
      if (!reader.empty()) {
        throw InputError(
            fmt::format("{} - and {} -: standard input can be read by one of them; expected a file for "
                        "the other",
                        reader, name));
      }
      reader = name;
    }
  }
}

}  // namespace sinkscope::app
