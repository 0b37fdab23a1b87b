#include "sinkscope/result/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::result {
namespace {

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

}  // namespace
}  // namespace sinkscope::result
