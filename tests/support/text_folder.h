#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sinkscope/error.h"
#include "sinkscope/text/tokenizer.h"
#include "text/byte_level.h"
#include "text/patterns/scanners.h"

namespace sinkscope::text {

using nlohmann::json;
using Ids = std::vector<int64_t>;

/// A folder of the process's own, and a tokenizer of 260 ids that is written there.
class TextFolder : public testing::Test {
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

}  // namespace sinkscope::text
