#include "sinkscope/result/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/result/read_result.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::result {
namespace {

using testing::HasSubstr;

class ResultFile : public testing::Test {
 protected:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sinkscope_result_" + std::to_string(getpid()));
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  size_t files() const { return std::distance(std::filesystem::directory_iterator(folder_), {}); }
};

TEST_F(ResultFile, IsWrittenWholeUnderItsNameAlone) {
  write_json(folder_ / "a.json", {{"x", 1}}, Existing::refuse);
  std::ifstream in(folder_ / "a.json");
  EXPECT_EQ(nlohmann::json::parse(in)["x"], 1);
  EXPECT_EQ(files(), 1u);
}

TEST_F(ResultFile, AnExistingOneIsRefusedOrReplaced) {
  write_json(folder_ / "a.json", {{"x", 1}}, Existing::refuse);
  EXPECT_THROW(write_json(folder_ / "a.json", {{"x", 2}}, Existing::refuse), InputError);
  write_json(folder_ / "a.json", {{"x", 3}}, Existing::replace);
  std::ifstream in(folder_ / "a.json");
  EXPECT_EQ(nlohmann::json::parse(in)["x"], 3);
}

TEST_F(ResultFile, PlacesThatCannotBeWrittenAreNamed) {
  EXPECT_THROW(check_writable(folder_, Existing::replace), InputError);
  EXPECT_THROW(check_writable(folder_ / "none" / "a.json", Existing::refuse), InputError);
  std::filesystem::create_directory(folder_ / "taken.json");
  EXPECT_THROW(write_json(folder_ / "taken.json", {}, Existing::replace), InputError);
}

TEST(Sha256, KnownAnswers) {  // FIPS 180-2's examples
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/// What read_result says of a file with this JSON.
class ReadResult : public ResultFile {
 protected:
  std::string refusal(const nlohmann::json& document) {
    write_json(folder_ / "read.json", document, Existing::replace);
    try {
      read_result(folder_ / "read.json", "a result of scan");
    } catch (const InputError& e) {
      return e.what();
    }
    return "nothing was refused";
  }
};

TEST_F(ReadResult, TakesThisSchemaVersion) {
  const nlohmann::json written{{"schema_version", kSchemaVersion}, {"experiment", "scan"}, {"results", {1, 2}}};
  write_json(folder_ / "a.json", written, Existing::refuse);
  EXPECT_EQ(read_result(folder_ / "a.json"), written);
}

TEST_F(ReadResult, RefusesAnotherByNameAndSaysWhatHelps) {
  const auto version = std::to_string(kSchemaVersion);
  for (const int other : {kSchemaVersion + 1, 0}) {
    const auto said = refusal({{"schema_version", other}, {"experiment", "scan"}, {"build", {{"version", "7.8.9"}}}});
    EXPECT_THAT(said, HasSubstr("read.json: schema version " + std::to_string(other)));
    EXPECT_THAT(said, HasSubstr("sinkscope 7.8.9"));
    EXPECT_THAT(said, HasSubstr("reads version " + version));
    EXPECT_THAT(said, HasSubstr("run the command again"));
  }
}

TEST_F(ReadResult, RefusesWhatIsNoResult) {
  EXPECT_THAT(refusal({{"experiment", "scan"}}), HasSubstr("expected a result of scan"));
  EXPECT_THAT(refusal({{"schema_version", "1"}, {"experiment", "scan"}}), HasSubstr("expected a result of scan"));
  EXPECT_THAT(refusal({{"schema_version", kSchemaVersion}}), HasSubstr("expected a result of scan"));
  EXPECT_THAT(refusal({1, 2}), HasSubstr("found array"));
}

}  // namespace
}  // namespace sinkscope::result
