// completion: a script that completes sinkscope's command lines in a shell, made from the options that the program has.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "commands/command.h"
#include "commands/completion/complete.bash.h"
#include "commands/completion/complete.fish.h"
#include "commands/completion/complete.zsh.h"
#include "commands/option_table.h"
#include "sinkscope/app/option_types.h"

namespace sinkscope::commands {
namespace {

struct Options {
  std::string shell;
};

/// How a shell is to complete a value.
std::string kind_of(const OptionRow& option) {
  static const std::map<std::string, std::string> kinds = {
      {app::kFile, "file"},     {app::kFileList, "files"},   {app::kJsonType, "file"},   {app::kOutputType, "file"},
      {app::kPartType, "file"}, {app::kJournalType, "file"}, {app::kModelType, "model"}, {app::kFolderType, "folder"}};
  if (!option.is_argument && option.may_be_bare) return "flag";
  if (!option.choices.empty()) return option.is_list ? "choices" : "choice";
  const auto found = kinds.find(option.type);
  return found == kinds.end() ? "value" : found->second;
}

/// Fields that the scripts read: tabs between them, and none empty, since shells skip empty ones.
std::string line_of(const std::string& command, const std::string& name, const std::string& kind,
                    const std::vector<std::string>& choices, const std::string& help) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\n", command.empty() ? "." : command, name, kind,
                     choices.empty() ? "." : fmt::format("{}", fmt::join(choices, " ")), help.empty() ? "." : help);
}

std::string lines_of(const std::vector<CommandRow>& table) {
  std::string lines;
  for (const auto& command : table) {
    if (!command.name.empty()) lines += line_of("", command.name, "command", {}, command.summary);
    for (const auto& option : command.options) {
      for (const auto& name : option.names) {
        lines += line_of(command.name, option.is_argument ? "*" : name, kind_of(option), option.choices, option.help);
      }
    }
  }
  lines.pop_back();
  return lines;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

void run(const Options& o, const CLI::App& program) {
  auto lines = lines_of(table_of(program));
  std::string script = o.shell == "bash" ? kBash : o.shell == "zsh" ? kZsh : kFish;
  if (o.shell == "fish") {  // the table stands between single quotes
    replace_all(lines, "\\", "\\\\");
    replace_all(lines, "'", "\\'");
  }
  replace_all(script, "@TABLE@", lines);
  fmt::print("{}", script);
}

}  // namespace

Command completion() {
  return {
      "completion", "print a script that completes command lines: source <(sinkscope completion bash)",
      [](CLI::App& app) {
        auto o = std::make_shared<Options>();
        app.add_option("shell", o->shell, "whose script")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
        app.callback([o, &app] { run(*o, *app.get_parent()); });
      },
      kTerminal};
}

}  // namespace sinkscope::commands
