#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "sinkscope/error.h"
#include "sinkscope/text/corpus.h"
#include "sinkscope/text/utf8.h"
#include "text/byte_level.h"
#include "text/patterns/scanners.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;
using Ids = std::vector<int64_t>;
using Pieces = std::vector<std::string>;

class Folder : public testing::Test {
 protected:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sinkscope_text_" + std::to_string(getpid()));
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  /// Bytes are ids 0 to 255 in order of value; "ab" 256, "abc" 257, "bc" 258 with ranks 0, 2, 1; "<x>" 259.
  static json tiny() {
    json vocab;
    for (int b = 0; b < 256; ++b) vocab[symbol_of_byte(static_cast<unsigned char>(b))] = b;
    vocab["ab"] = 256;
    vocab["abc"] = 257;
    vocab["bc"] = 258;
    return {
        {"added_tokens", {{{"id", 259}, {"content", "<x>"}, {"special", true}, {"normalized", false}}}},
        {"normalizer", {{"type", "NFC"}}},
        {"pre_tokenizer",
         {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Split"}, {"pattern", {{"Regex", kQwenPattern}}}, {"behavior", "Isolated"}, {"invert", false}},
            {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
        {"decoder", {{"type", "ByteLevel"}}},
        {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "b c", "ab c"}}}}};
  }
  /// Llama 3's kind of post-processor: "<x>" before the text.
  static json bos_template() {
    return json::parse(R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<x>", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<x>": {"id": "<x>", "ids": [259], "tokens": ["<x>"]}}})");
  }
  Tokenizer load(const json& j) const { return Tokenizer::load(write("tokenizer.json", j.dump())); }
  std::string error_of(const json& j) const {
    try {
      load(j);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  }
};

Pieces split_with(const Pattern& pattern, const std::string& text) {
  Pieces pieces;
  pattern(text, [&](const Span& span) { pieces.push_back(text.substr(span.begin, span.end - span.begin)); });
  return pieces;
}

TEST(Scanners, ValuesOfTheReferencePage) {
  const auto split = [](const std::string& text) { return split_with(scanner_of(kQwenPattern), text); };
  EXPECT_EQ(split("I'M he'Ll it's 12345"),
            (Pieces{"I", "'M", " he", "'Ll", " it", "'s", " ", "1", "2", "3", "4", "5"}));
  EXPECT_EQ(split("a  b   \n\n  c"), (Pieces{"a", " ", " b", "   \n\n", " ", " c"}));
  EXPECT_EQ(split("don’t"), (Pieces{"don", "’t"}));
  EXPECT_EQ(split("foo\u00a0bar"), (Pieces{"foo", "\u00a0bar"}));
  EXPECT_EQ(split("a\n b"), (Pieces{"a", "\n", " b"}));
  EXPECT_EQ(split("foo \u180ebar"), (Pieces{"foo", " \u180e", "bar"}));
  EXPECT_EQ(split_with(scanner_of(kLlama3Pattern), "it 12345678½"), (Pieces{"it", " ", "123", "456", "78½"}));
}

TEST(Scanners, AgreeWithTheRegularExpressions) {
  std::mt19937 draw(5);
  const std::u32string alphabet =
      U"ab'sStlLdrveEm \n\r\t019.,!{<\u017F\u00A0\u3000\u0301\u4E2D\u180E\U0001F600\u0915\u094D";
  std::vector<std::pair<Pattern, Pattern>> by_scanner_and_regex;
  for (const auto* pattern : {kQwenPattern, kLlama3Pattern, kGpt2Pattern})
    by_scanner_and_regex.emplace_back(scanner_of(pattern), regex_pattern(pattern));
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (int n = static_cast<int>(draw() % 14); n >= 0; --n) {
      const char32_t c = alphabet[draw() % alphabet.size()];
      if (c < 0x80)
        text += static_cast<char>(c);
      else if (c < 0x800)
        text += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
      else if (c < 0x10000)
        text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                 static_cast<char>(0x80 | (c & 63))};
      else
        text += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
                 static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    }
    for (const auto& [scanner, regex] : by_scanner_and_regex)
      ASSERT_EQ(split_with(scanner, text), split_with(regex, text)) << json(text).dump();
  }
}

TEST_F(Folder, MergesByRankLeftmostFirst) {
  const auto t = load(tiny());
  EXPECT_EQ(t.encode("abc"), (Ids{257}));
  EXPECT_EQ(t.encode("xbc"), (Ids{'x', 258}));
  EXPECT_EQ(t.encode("aabb"), (Ids{'a', 256, 'b'}));
  EXPECT_EQ(t.encode("ab<x>bc"), (Ids{256, 259, 258}));
  EXPECT_EQ(t.encode("e\u0301"), (Ids{0xC3, 0xA9}));  // NFC
  EXPECT_EQ(t.encode(""), Ids{});
}

TEST_F(Folder, BothSpellingsOfMergesAndDecoding) {
  auto j = tiny();
  j["model"]["merges"] = json::parse(R"([["a", "b"], ["b", "c"], ["ab", "c"]])");
  const auto t = load(j);
  EXPECT_EQ(t.encode("abc"), (Ids{257}));
  EXPECT_EQ(t.decode({257, 259, 0xC3, 0xA9}), "abc<x>é");
  EXPECT_EQ(t.decode({0xC3, 'a'}), "\uFFFDa");
  EXPECT_EQ(t.piece(' '), "␣");
  EXPECT_EQ(t.piece('\n'), "\\n");
  EXPECT_EQ(t.piece(0xC3), "<0xC3>");
  EXPECT_EQ(t.size(), 260);
  EXPECT_TRUE(t.is_special(259));
  EXPECT_THROW(t.decode({260}), InputError);
  EXPECT_THROW(t.encode("a\xFF"), InputError);
}

TEST_F(Folder, Llama3Reads) {
  auto j = tiny();
  EXPECT_FALSE(load(j).bos().has_value());
  j["normalizer"] = nullptr;
  j["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = kLlama3Pattern;
  j["model"]["ignore_merges"] = true;
  j["model"]["merges"] = {"a b", "b c"};  // "abc" by no merge, but a whole piece
  j["post_processor"] = {{"type", "Sequence"}, {"processors", {{{"type", "ByteLevel"}}, bos_template()}}};
  const auto t = load(j);
  EXPECT_EQ(t.encode("abc abc"), (Ids{257, ' ', 256, 'c'}));
  EXPECT_EQ(t.encode("e\u0301"), (Ids{'e', 0xCC, 0x81}));
  EXPECT_EQ(t.bos(), 259);
}

TEST_F(Folder, TokenizerJsonIsTakenBeforeTokenizerModelBeforeVocabulary) {
  EXPECT_FALSE(find_tokenizer(folder_).has_value());
  const auto vocabulary = write("vocab.json", "{}");
  EXPECT_FALSE(find_tokenizer(folder_).has_value());
  write("merges.txt", "");
  EXPECT_EQ(find_tokenizer(folder_), vocabulary);
  const auto model = write("tokenizer.model", "no model");
  EXPECT_EQ(find_tokenizer(folder_), model);
  const auto json_file = write("tokenizer.json", "{");
  EXPECT_EQ(find_tokenizer(folder_), json_file);
  try {
    Tokenizer::load(model);
    FAIL();
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("tokenizer.model"), std::string::npos) << e.what();
  }
}

TEST_F(Folder, WhatIsNotSupportedIsNamed) {
  const auto with = [](auto change) {
    auto j = tiny();
    change(j);
    return j;
  };
  const std::pair<json, const char*> cases[] = {
      {with([](json& j) {
         j["normalizer"] = {{"type", "Precompiled"}};
       }),
       "normalizer"},
      {with([](json& j) {
         j["pre_tokenizer"] = {{"type", "UnicodeScripts"}};
       }),
       "pre-tokenizer"},
      {with([](json& j) { j["pre_tokenizer"]["pretokenizers"][0]["behavior"] = "Gone"; }), "pre-tokenizer"},
      {with([](json& j) { j["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "(["; }), "pattern '(['"},
      {with([](json& j) { j["model"]["type"] = "WordPiece"; }), "model"},
      {with([](json& j) { j["model"]["dropout"] = 0.1; }), "dropout"},
      {with([](json& j) { j["model"]["vocab"].erase("b"); }), "'b'"},
      {with([](json& j) { j["model"]["vocab"]["abc"] = 256; }), "two tokens"},
      {with([](json& j) { j["model"]["vocab"]["abc"] = -1; }), "'abc'"},
      {with([](json& j) { j["model"]["merges"] = {"a z z"}; }), "z z"},
      {with([](json& j) { j["model"]["merges"] = {"nospace"}; }), "nospace"},
      {with([](json& j) { j["model"].erase("vocab"); }), "vocab"},
      {with([](json& j) {
         j["decoder"] = {{"type", "WordPiece"}};
       }),
       "decoder"},
      {with([](json& j) {
         j["post_processor"] = {{"type", "Unknown"}};
       }),
       "post-processor"},
      {with([](json& j) {
         j["post_processor"] = bos_template();
         j["post_processor"]["single"].push_back(j["post_processor"]["single"][1]);
       }),
       "post-processor"},
      {with([](json& j) {
         j["post_processor"] = bos_template();
         j["post_processor"]["special_tokens"]["<x>"]["ids"] = {4000};
       }),
       "4000"},
      {with([](json& j) { j["added_tokens"][0]["content"] = ""; }), "empty"}};
  for (const auto& [j, named] : cases) {
    const auto error = error_of(j);
    EXPECT_NE(error.find(named), std::string::npos) << named << ": " << error;
    EXPECT_NE(error.find("tokenizer.json"), std::string::npos) << error;
  }
}

TEST_F(Folder, DamagedFilesAreErrorsAndNeverCrashes) {
  const auto whole = tiny().dump();
  std::mt19937 draw(9);
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    auto bytes = whole;
    if (i % 3 == 0) bytes.resize(draw() % bytes.size());
    for (int flips = static_cast<int>(draw() % 4); flips >= 0 && !bytes.empty(); --flips)
      bytes[draw() % bytes.size()] = static_cast<char>(draw());
    try {
      Tokenizer::load(write("tokenizer.json", bytes)).encode("abc don't é 12");
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(Utf8, FirstInvalidByte) {
  EXPECT_FALSE(first_invalid_utf8("héllo €𝄞"));
  EXPECT_EQ(first_invalid_utf8("ab\xFF"), 2u);
  EXPECT_EQ(first_invalid_utf8("a\xC0\x80"), 1u);       // overlong
  EXPECT_EQ(first_invalid_utf8("ab\xED\xA0\x80"), 2u);  // surrogate
  EXPECT_EQ(first_invalid_utf8("abc\xE2\x82"), 3u);     // cut short
}

TEST_F(Folder, WindowsAndLines) {
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

TEST_F(Folder, BadTextsAreNamed) {
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

TEST_F(Folder, TokenFiles) {
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
