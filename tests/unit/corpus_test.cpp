#include "sinkscope/text/corpus.h"

#include <algorithm>
#include <set>

#include "sinkscope/text/several_texts.h"
#include "sinkscope/text/utf8.h"
#include "tests/support/text_folder.h"

namespace sinkscope::text {
namespace {

using Corpora = TextFolder;

TEST(Utf8, FirstInvalidByte) {
  EXPECT_FALSE(first_invalid_utf8("héllo €𝄞"));
  EXPECT_EQ(first_invalid_utf8("ab\xFF"), 2u);
  EXPECT_EQ(first_invalid_utf8("a\xC0\x80"), 1u);       // overlong
  EXPECT_EQ(first_invalid_utf8("ab\xED\xA0\x80"), 2u);  // surrogate
  EXPECT_EQ(first_invalid_utf8("abc\xE2\x82"), 3u);     // cut short
}

TEST_F(Corpora, WindowsAndLines) {
  const auto t = load(tiny());
  const auto text = write("a.txt", "0123456789");
  const auto two = windows(t, read_texts(text), 2, 3);  // N = 10: starts 0 and floor(7 / 2) = 3
  EXPECT_EQ(two.starts, (Ids{0, 3}));
  EXPECT_EQ(two.ids[1], (Ids{'3', '4', '5'}));
  EXPECT_EQ(two.text_tokens, 10);
  EXPECT_EQ(windows(t, read_texts(text), 2, 3, 0.7).starts, (std::vector<int64_t>{2, 5}));  // floor(0.7 x 3) later
  EXPECT_THROW(windows(t, read_texts(text), 1, 11), InputError);
  EXPECT_THROW(windows(t, read_texts(text), 9, 3), InputError);

  const auto rows = lines(t, read_texts(write("b.txt", "xy\n\n  \nlonger line\r\nz")), 3, 4);
  EXPECT_EQ(rows.starts, (Ids{0, 3, 4}));
  EXPECT_EQ(rows.ids[1].size(), 4u);
  EXPECT_THROW(lines(t, read_texts(folder_ / "b.txt"), 4, 4), InputError);
  const auto records = lines(t, read_texts(write("c.jsonl", "\"a\\nb\"\n{\"text\": \"c\", \"n\": 1}\n")), 2, 9);
  EXPECT_EQ(records.ids[0].size(), 3u);
}

/// The words of an InputError; empty where there is none.
template <typename F>
std::string refusal_of(F&& f) {
  try {
    f();
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

TEST_F(Corpora, AListOfFilesAndAFileWithACommaInItsName) {
  const auto a = write("a.txt", "1").string(), both = a + ",b.txt";
  EXPECT_EQ(text_files(a), (std::vector<std::filesystem::path>{a}));
  EXPECT_EQ(text_files(both), (std::vector<std::filesystem::path>{a, "b.txt"}));
  const auto odd = write("c,d.txt", "2").string();  // neither .../c nor d.txt is a file
  EXPECT_EQ(text_files(odd), (std::vector<std::filesystem::path>{odd}));
  std::filesystem::create_directory(folder_ / "e.txt,");
  const auto clash = folder_.string() + "/e.txt," + a;  // a file in the folder "e.txt,", and e.txt with a.txt
  std::filesystem::create_directories(std::filesystem::path(clash).parent_path());
  write("e.txt", "3");
  std::ofstream(clash) << "4";
  EXPECT_NE(refusal_of([&] { text_files(clash); }).find("expected one of the two"), std::string::npos);
  EXPECT_NE(refusal_of([&] { text_files(a + ","); }).find("between the commas"), std::string::npos);
  std::filesystem::create_symlink(a, folder_ / "same.txt");
  for (const auto& twice : {a, (folder_ / "same.txt").string(), folder_.string() + "/./a.txt"}) {
    const auto said = refusal_of([&] { text_files(a + "," + twice); });
    EXPECT_NE(said.find("one text"), std::string::npos) << twice;
  }
  EXPECT_EQ(text_names({"x/a.txt", "b.py", "y/a.txt"}), (std::vector<std::string>{"x/a.txt", "b.py", "y/a.txt"}));
  EXPECT_EQ(text_names({"x/a.txt", "y/b.py"}), (std::vector<std::string>{"a.txt", "b.py"}));
}

TEST_F(Corpora, SeveralTextsTakeTurns) {
  const auto t = load(tiny());
  const auto first = windows(t, read_texts(write("a.txt", "0123456789")), share_of(5, 0, 2), 3);
  const auto second = windows(t, read_texts(write("b.txt", "XYZxyz")), share_of(5, 1, 2), 3);
  const auto all = interleave({first, second}, {folder_ / "a.txt", "b.txt"});
  EXPECT_EQ(all.text_of, (Ids{0, 1, 0, 1, 0}));  // three of the first, two of the second
  EXPECT_EQ(all.starts, (Ids{0, 0, 2, 1, 4}));   // steps floor(7 / 3) and floor(3 / 2)
  EXPECT_EQ(all.ids[1], (Ids{'X', 'Y', 'Z'}));
  EXPECT_EQ(all.ids[4], (Ids{'4', '5', '6'}));
  EXPECT_EQ(all.text_tokens, 16);
  EXPECT_EQ(all.slice, "windows");
  ASSERT_EQ(all.texts.size(), 2U);
  EXPECT_EQ(all.texts[0].name, "a.txt");
  EXPECT_EQ(all.texts[1].samples, 2);
  EXPECT_EQ(all.texts[1].tokens, 6);
  // Starts that are a twentieth or more of the text apart are of different documents.
  EXPECT_EQ(std::set<int64_t>(all.documents.begin(), all.documents.end()).size(), 5U);
  EXPECT_GT(std::min(all.documents[1], all.documents[3]), std::max(all.documents[2], all.documents[4]));
  for (int64_t n = 3; n < 12; ++n) EXPECT_EQ(share_of(n, 0, 3) + share_of(n, 1, 3) + share_of(n, 2, 3), n);
}

TEST_F(Corpora, HowManySamplesATextHas) {
  const auto t = load(tiny());
  const auto most = [&](int64_t n, int64_t length) {
    try {
      windows(t, read_texts(folder_ / "a.txt"), n, length);
    } catch (const TooFewSamples& e) {
      return e.most;
    }
    return int64_t{-1};
  };
  write("a.txt", "0123456789");
  EXPECT_EQ(most(8, 3), 7);
  EXPECT_EQ(most(7, 3), -1);  // as many as it says can be had
  EXPECT_EQ(most(2, 10), 1);
  EXPECT_EQ(most(1, 10), -1);
  EXPECT_EQ(most(1, 11), 0);
}

TEST_F(Corpora, BadTextsAreNamed) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"empty.txt", "", "empty"},        {"blank.txt", " \n \n", "empty"},
      {"bad.txt", "abc\xFFz", "byte 3"}, {"bad.jsonl", "\"a\"\n{", "line 2"},
      {"number.jsonl", "3", "line 1"},   {"object.jsonl", "{\"txt\": \"a\"}", "line 1"}};
  for (const auto& [name, bytes, named] : cases) {
    try {
      read_texts(write(name, bytes));
      FAIL() << name;
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find(named), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
    }
  }
  EXPECT_THROW(read_texts(folder_ / "none.txt"), InputError);
}

TEST_F(Corpora, TokenFiles) {
  const auto file = write("t.json", "[[1,2,3],[4]]");
  EXPECT_EQ(from_token_file(file, 0, 0, 10).ids, (std::vector<Ids>{{1, 2, 3}, {4}}));
  EXPECT_EQ(from_token_file(file, 1, 2, 10).ids, (std::vector<Ids>{{1, 2}}));
  EXPECT_THROW(from_token_file(file, 3, 0, 10), InputError);
  EXPECT_THROW(from_token_file(file, 0, 0, 4), InputError);
  for (const auto* bad : {"[]", "[[]]", "{}", "[[1.5]]", "[[-1]]", "[1]", "[[\"a\"]]", "[[1]"}) {
    EXPECT_THROW(from_token_file(write("bad.json", bad), 0, 0, 10), InputError) << bad;
  }
}

TEST(WithBos, StandsBeforeEveryRow) {
  EXPECT_FALSE(random_tokens(2, 3, 7, 1).bos.has_value());
  const auto samples = with_bos(random_tokens(2, 3, 7, 1), 9);
  EXPECT_EQ(samples.bos, 9);
  EXPECT_EQ(samples.text_tokens, 6);
  for (const auto& row : samples.ids) {
    EXPECT_EQ(row.size(), 4u);
    EXPECT_EQ(row.front(), 9);
  }
}

TEST(RandomTokens, SeededAndInRange) {
  EXPECT_EQ(random_tokens(3, 50, 7, 1).ids, random_tokens(3, 50, 7, 1).ids);
  EXPECT_NE(random_tokens(3, 50, 7, 1).ids, random_tokens(3, 50, 7, 2).ids);
  for (const auto& row : random_tokens(3, 50, 7, 1).ids) {
    for (const int64_t id : row) EXPECT_TRUE(id >= 0 && id < 7);
  }
}

}  // namespace
}  // namespace sinkscope::text
