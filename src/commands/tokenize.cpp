// tokenize: the ids of a text, as Hugging Face's tokenizers gives them, and the text of ids.

#include <fmt/format.h>

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/error.h"
#include "sinkscope/text/corpus.h"
#include "sinkscope/text/several_texts.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::commands {
namespace {

struct Options {
  std::string model, text, decode;
  bool pieces = false, bos = false, special = false;
};

int64_t bos_of(const text::Tokenizer& tokenizer) {
  if (!tokenizer.bos()) throw InputError("--bos: this tokenizer has no BOS token");
  return *tokenizer.bos();
}

/// What transformers puts around a text unasked.
void put_around(const text::Tokenizer& tokenizer, std::vector<int64_t>& ids) {
  ids.insert(ids.begin(), tokenizer.before().begin(), tokenizer.before().end());
  ids.insert(ids.end(), tokenizer.after().begin(), tokenizer.after().end());
}

void run(const Options& o) {
  const auto file = text::find_tokenizer(o.model);
  if (!file)
    throw InputError(
        fmt::format("{}: contains no tokenizer.json, tokenizer.model, or vocab.json with merges.txt", o.model));
  const auto tokenizer = text::Tokenizer::load(*file);
  if (o.text.empty() == o.decode.empty()) throw InputError("expected either --text or --decode");
  if (!o.decode.empty()) {
    for (const auto& ids : text::from_token_file(o.decode, 0, 0, tokenizer.size()).ids) {
      fmt::print("{}\n", nlohmann::json(tokenizer.decode(ids)).dump());
    }
    return;
  }
  std::vector<std::string> warnings, texts;
  for (const auto& path : text::text_files(o.text)) {
    const auto more = text::read_texts(path, &warnings);
    texts.insert(texts.end(), more.begin(), more.end());
  }
  for (const auto& warning : warnings) spdlog::warn("--text: {}", warning);
  for (const auto& text : texts) {
    auto ids = tokenizer.encode(text);
    if (o.special) put_around(tokenizer, ids);
    if (o.bos) ids.insert(ids.begin(), bos_of(tokenizer));
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
  return {"tokenize", "print the token ids of a text, one JSON array per text",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("--model", o->model,
                           "folder with tokenizer.json, tokenizer.model, or vocab.json and merges.txt")
                ->required()
                ->type_name(app::kFolderType);
            app.add_option("--text", o->text,
                           "plain text, or .jsonl: per line a string or an object with `text`; several by commas; "
                           "`-`: plain text from standard input")
                ->type_name(app::kFileList);
            app.add_option("--decode", o->decode,
                           "JSON file with an array of arrays of ids: print their texts, one JSON string each")
                ->type_name(app::kFile);
            app.add_flag("--bos", o->bos, "start every text with the tokenizer's BOS");
            app.add_flag("--special", o->special,
                         "put around every text what transformers puts there unasked: BOS, EOS, none");
            app.add_flag("--pieces", o->pieces, "print [id, readable piece] pairs");
            app.callback([o] { run(*o); });
          },
          kModel};
}

}  // namespace sinkscope::commands
