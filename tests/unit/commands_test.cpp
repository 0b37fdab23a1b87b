#include "commands/command.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sinkscope/app/config_file.h"
#include "sinkscope/app/run_options.h"
#include "sinkscope/error.h"
#include "sinkscope/result/read_result.h"

namespace sinkscope::commands {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class Commands : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("sinkscope_commands_" + std::to_string(getpid()));
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string put(const char* name, const json& document) const {
    std::ofstream(folder_ / name) << document;
    return (folder_ / name).string();
  }
};

/// What the program refuses of these words.
std::string refusal(std::vector<std::string> words) {
  CLI::App program;
  add_to(program, all());
  std::reverse(words.begin(), words.end());
  try {
    program.parse(words);
  } catch (const InputError& e) {
    return e.what();
  }
  return "nothing was refused";
}

TEST_F(Commands, CompareRefusesAResultOfAnotherSchemaVersion) {
  const auto reference = put("reference.json", {{"model", "m"}, {"shape", json::object()}, {"numbers", json::array()}});
  const int other = result::kSchemaVersion + 1;
  const auto file = put("result.json", {{"schema_version", other}, {"experiment", "scan"}, {"model", json::object()}});
  EXPECT_THAT(refusal({"compare", file, "--reference", reference}),
              AllOf(HasSubstr(file), HasSubstr("schema version " + std::to_string(other)),
                    HasSubstr("reads version " + std::to_string(result::kSchemaVersion))));
  put("result.json", {{"schema_version", result::kSchemaVersion}, {"experiment", "scan"}, {"model", json::object()}});
  EXPECT_THAT(refusal({"compare", file, "--reference", reference}), HasSubstr("no published numbers of scan"));
}

TEST_F(Commands, HelpShowsEveryCommandOnceUnderItsGroup) {
  CLI::App program;
  add_to(program, all());
  const auto help = program.help();
  for (const auto& command : all()) {
    const auto group = help.find(command.group + ":"), line = help.find("\n  " + command.name + " ");
    ASSERT_NE(group, std::string::npos) << command.name;
    ASSERT_NE(line, std::string::npos) << command.name;
    EXPECT_LT(group, line) << command.name;
    EXPECT_EQ(help.find("\n  " + command.name + " ", line + 1), std::string::npos) << command.name;
  }
}

TEST_F(Commands, ACommandWithoutAGroupIsNotLost) {
  CLI::App program;
  EXPECT_THROW(add_to(program, {{"lost", "a command", [](CLI::App&) {}, ""}}), std::logic_error);
}

TEST_F(Commands, OptionsAreGroupedAndAConfigFileSetsThoseOfEveryGroup) {
  CLI::App program;
  program.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // as main sets it
  auto& app = *program.add_subcommand("try");
  app::RunOptions options;
  app::add_run_options(app, options);
  std::string own = "unset";
  app.add_option("--own", own);
  std::vector<std::string> groups;
  for (const auto* option : app.get_options()) {
    if (option->get_name() == "--help") continue;
    if (groups.empty() || groups.back() != option->get_group()) groups.push_back(option->get_group());
  }
  EXPECT_THAT(groups, ElementsAre("Model", "Samples", "Run", "Output", "This experiment"));

  const auto file =
      put("config.json", {{"model", "m"}, {"samples", 7}, {"threads", 3}, {"out", "o.json"}, {"own", "x"}});
  auto words = app::with_config_file(program, {"try", "--config", file, "--threads", "2"});
  std::reverse(words.begin(), words.end());
  program.parse(words);
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.samples, 7);
  EXPECT_EQ(options.out, "o.json");
  EXPECT_EQ(own, "x");
  EXPECT_EQ(options.threads, 2) << "the command line overrides the file";
}

}  // namespace
}  // namespace sinkscope::commands
