#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "sinkscope/files/expand_path.h"
#include "sinkscope/files/python_json.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"
#include "tests/support/refusal.h"

namespace sinkscope::files {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

using tests::refusal;

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

TEST_F(Files, RefusesAPointerOfGitLfs) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
  EXPECT_THAT(refusal([&] { read_file(put("a.json", pointer)); }),
              AllOf(HasSubstr("a.json"), HasSubstr("git lfs pull")));
  EXPECT_EQ(read_file(put("b.txt", "The first line is " + pointer)).size(), pointer.size() + 18);
}

/// What posixpath gives for the same environment: the first of each pair, by Python 3.11, is written by hand.
TEST(Paths, ExpandAsPythonExpandsThem) {
  setenv("HOME", "/home/me/", 1);
  setenv("SINKSCOPE_A", "/a", 1);
  setenv("SINKSCOPE_B", "$SINKSCOPE_A", 1);
  unsetenv("SINKSCOPE_NONE");
  for (const auto& [path, expanded] : {std::pair{"~", "/home/me"},
                                       {"~/x", "/home/me/x"},
                                       {"~root/x", "/root/x"},
                                       {"x/~", "x/~"},
                                       {"~no-such-user/x", "~no-such-user/x"},
                                       {"", ""}}) {
    EXPECT_EQ(expand_user(path), expanded) << path;
  }
  for (const auto& [path, expanded] : {std::pair{"$SINKSCOPE_A/x", "/a/x"},
                                       {"${SINKSCOPE_A}x", "/ax"},
                                       {"$SINKSCOPE_Ax", "$SINKSCOPE_Ax"},
                                       {"$SINKSCOPE_B", "$SINKSCOPE_A"},
                                       {"$SINKSCOPE_NONE/$SINKSCOPE_A", "$SINKSCOPE_NONE//a"},
                                       {"$", "$"},
                                       {"a$/b", "a$/b"},
                                       {"${SINKSCOPE_A", "${SINKSCOPE_A"},
                                       {"${}", "${}"},
                                       {"$$SINKSCOPE_A", "$/a"},
                                       {"~$SINKSCOPE_A", "~/a"}}) {
    EXPECT_EQ(expand_variables(path), expanded) << path;
  }
  setenv("HOME", "/", 1);
  EXPECT_EQ(expand_user("~"), "/");
  EXPECT_EQ(expand_user("~/x"), "/x");
}

/// json.loads of Python 3.11 takes the first lines and raises an error at the second.
TEST(Json, TakesWhatPythonTakes) {
  const std::string bom = "\xEF\xBB\xBF";
  for (const std::string text :
       {R"({"text": "a", "x": NaN, "y": [Infinity, -Infinity]})", R"({"x": 1e999, "text": "a"})",
        R"({"text": "b", "text": "a"})", R"({"x": "\ud800", "text": "a"})",
        R"({"x": "\udc00\ud800x", "text": "a", "\udfff": -0.5E-7})",
        R"({"x": 123456789012345678901234567890, "text": "a"})", R"({"text": "a", "x": "NaN 1e5 \" 01"})",
        "\t{\"text\"\r:\n\"a\"} "}) {
    const auto parsed = parse_python_json(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ((*parsed)["text"], "a") << text;
  }
  for (const std::string text : {R"({"x": nan})", R"({"x": +Infinity})", R"({"x": 01})", R"({"x": 1.})", R"({"x": .5})",
                                 R"({"x": -})", R"({"x": -NaN})", R"({"x": NaNs})", R"([1-5])", R"({"x": 1e})",
                                 R"("\ud80")", R"("\x")", "\"a\tb\"", "", R"({"x": 1,})", R"('a')"}) {
    EXPECT_FALSE(parse_python_json(text)) << text;
  }
  EXPECT_FALSE(parse_python_json(bom + "1"));
  EXPECT_FALSE(parse_python_json(std::string_view("1\0x", 3)));
  EXPECT_EQ(*parse_python_json(R"("\ud83d\ude00 \ud83d")", "0021"), "\U0001F600 !");
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
