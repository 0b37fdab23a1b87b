#include "sinkscope/text/tokenizer.h"

#include <random>

#include "tests/support/text_folder.h"

namespace sinkscope::text {
namespace {

using Tokenizers = TextFolder;

TEST_F(Tokenizers, MergesByRankLeftmostFirst) {
  const auto t = load(tiny());
  EXPECT_EQ(t.encode("abc"), (Ids{257}));
  EXPECT_EQ(t.encode("xbc"), (Ids{'x', 258}));
  EXPECT_EQ(t.encode("aabb"), (Ids{'a', 256, 'b'}));
  EXPECT_EQ(t.encode("ab<x>bc"), (Ids{256, 259, 258}));
  EXPECT_EQ(t.encode("e\u0301"), (Ids{0xC3, 0xA9}));  // NFC
  EXPECT_EQ(t.encode(""), Ids{});
}

TEST_F(Tokenizers, BothSpellingsOfMergesAndDecoding) {
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

TEST_F(Tokenizers, Llama3Reads) {
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

TEST_F(Tokenizers, TokenizerJsonIsTakenBeforeTokenizerModelBeforeVocabulary) {
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

TEST_F(Tokenizers, WhatIsNotSupportedIsNamed) {
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

TEST_F(Tokenizers, DamagedFilesAreErrorsAndNeverCrashes) {
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

}  // namespace
}  // namespace sinkscope::text
