#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"

namespace sinkscope::files {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

template <typename F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const InputError& e) {
    return e.what();
  }
  return "nothing was refused";
}

class Files : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("sinkscope_files_" + std::to_string(getpid()));
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path put(const char* name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
};

TEST_F(Files, ReadsEveryByte) {
  std::string bytes;
  for (int i = 0; i < 3 << 20; ++i) bytes += static_cast<char>(i * 7 + i / 256);  // more than a block, with zeros
  EXPECT_TRUE(read_file(put("bytes", bytes)) == bytes);
  EXPECT_EQ(read_file(put("empty", "")), "");
}

TEST_F(Files, ReadsAPipe) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << "from a pipe"; });
  const auto got = read_file(pipe);
  writer.join();
  EXPECT_EQ(got, "from a pipe");
}

TEST_F(Files, RefusesByName) {
  EXPECT_THAT(refusal([&] { read_file(folder_ / "none"); }), HasSubstr("none: cannot be read: No such file"));
  EXPECT_THAT(refusal([&] { read_file(folder_); }), HasSubstr("cannot be read: it is a folder"));
  const auto ten = put("ten", "0123456789");
  EXPECT_EQ(read_file(ten, 10).size(), 10u);
  EXPECT_THAT(refusal([&] { read_file(ten, 9); }), AllOf(HasSubstr("ten: 10 bytes"), HasSubstr("at most 9")));
}

TEST_F(Files, AnObjectOrARefusalThatSaysWhatWasExpected) {
  EXPECT_EQ(read_object(put("a.json", R"({"x": [1, {"x": 2}]})"), "numbers")["x"][1]["x"], 2);
  EXPECT_THAT(refusal([&] { read_object(put("list.json", "[1]"), "numbers of a paper"); }),
              AllOf(HasSubstr("list.json: expected numbers of a paper"), HasSubstr("found array")));
  EXPECT_THAT(refusal([&] { read_object(put("torn.json", R"({"x": 1)"), "numbers"); }),
              HasSubstr("torn.json: not JSON from byte 8 on"));
}

TEST(Json, StrictRefusesWhatAnObjectHoldsTwiceAndWhatIsTooDeep) {
  EXPECT_EQ(parse_strict(R"({"a": {"b": 1}, "b": 2})", "here")["b"], 2);
  EXPECT_THAT(refusal([] { parse_strict(R"({"a": 1, "b": {"c": 1, "c": 1}})", "here"); }),
              AllOf(HasSubstr("here"), HasSubstr("'c'"), HasSubstr("twice")));
  EXPECT_THAT(refusal([] { parse_strict("[[[1]]]", "here", 2); }), HasSubstr("deeper than 2"));
  EXPECT_THAT(refusal([] { parse_json("{\"\xff\": 1}", "here"); }), HasSubstr("here: not JSON from byte"));
}

}  // namespace
}  // namespace sinkscope::files
