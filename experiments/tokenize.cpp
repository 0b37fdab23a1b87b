// tokenize: the ids of a text, as Hugging Face's tokenizers gives them, and the text of ids.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "sinkscope/error.h"
#include "sinkscope/text/corpus.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::experiments {
namespace {

struct Options {
  std::string model, text, decode;
  bool pieces = false;
};

void run(const Options& o) {
  const auto tokenizer = text::Tokenizer::load(std::filesystem::path(o.model) / "tokenizer.json");
  if (o.text.empty() == o.decode.empty()) throw InputError("wanted one of --text and --decode");
  if (!o.decode.empty()) {
    for (const auto& ids : text::from_token_file(o.decode, 0, 0, tokenizer.size()).ids) {
      fmt::print("{}\n", nlohmann::json(tokenizer.decode(ids)).dump());
    }
    return;
  }
  for (const auto& text : text::read_texts(o.text)) {
    const auto ids = tokenizer.encode(text);
    if (!o.pieces) {
      fmt::print("{}\n", nlohmann::json(ids).dump());
      continue;
    }
    auto pieces = nlohmann::json::array();
    for (const int64_t id : ids) pieces.push_back({id, tokenizer.piece(id)});
    fmt::print("{}\n", pieces.dump());
  }
}

}  // namespace

Command tokenize() {
  return {"tokenize", "print the token ids of a text, one JSON array a text", [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("--model", o->model, "folder with tokenizer.json; nothing else is needed")->required();
            app.add_option("--text", o->text, "plain text, or .jsonl with a string or an object with `text` a line");
            app.add_option("--decode", o->decode,
                           "JSON array of arrays of ids: print their texts, one JSON string each");
            app.add_flag("--pieces", o->pieces, "print [id, piece] pairs, pieces readable");
            app.callback([o] { run(*o); });
          }};
}

}  // namespace sinkscope::experiments
