// Tokenizers and texts by the line: {"folder": ..., "texts": [...], "ids": [[...]]} in, {"ids": [...], "texts": [...]}
// or
// {"error": ...} out. For tests that hold many tokenizers against another library's in one start of a program.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "sinkscope/error.h"
#include "sinkscope/text/tokenizer.h"

namespace {

using nlohmann::json;
using sinkscope::text::Tokenizer;

json answer(const json& question) {
  try {
    const auto file = sinkscope::text::find_tokenizer(question.at("folder").get<std::string>());
    if (!file) return {{"error", "no tokenizer"}};
    const auto tokenizer = Tokenizer::load(*file);
    auto ids = json::array(), texts = json::array();
    for (const auto& text : question.value("texts", json::array()))
      ids.push_back(tokenizer.encode(text.get<std::string>()));
    for (const auto& row : question.value("ids", json::array())) texts.push_back(tokenizer.decode(row));
    return {{"ids", ids},
            {"texts", texts},
            {"before", tokenizer.before()},
            {"after", tokenizer.after()},
            {"bos", tokenizer.bos() ? json(*tokenizer.bos()) : json()}};
  } catch (const sinkscope::InputError& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(json::parse(line)).dump() << std::endl;
}
