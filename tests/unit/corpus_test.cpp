#include "sinkscope/text/corpus.h"

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
  EXPECT_THROW(windows(t, read_texts(text), 1, 11), InputError);
  EXPECT_THROW(windows(t, read_texts(text), 9, 3), InputError);

  const auto rows = lines(t, read_texts(write("b.txt", "xy\n\n  \nlonger line\r\nz")), 3, 4);
  EXPECT_EQ(rows.starts, (Ids{0, 3, 4}));
  EXPECT_EQ(rows.ids[1].size(), 4u);
  EXPECT_THROW(lines(t, read_texts(folder_ / "b.txt"), 4, 4), InputError);
  const auto records = lines(t, read_texts(write("c.jsonl", "\"a\\nb\"\n{\"text\": \"c\", \"n\": 1}\n")), 2, 9);
  EXPECT_EQ(records.ids[0].size(), 3u);
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
