// A tokenizer.json as a pipeline of parts: added tokens in the raw text, the normalizer, added tokens in what it gives,
// the pre-tokenizer, the model; and back by the decoder.

#include "text/pipeline.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "sinkscope/error.h"
#include "text/added_vocabulary.h"
#include "text/byte_level.h"
#include "text/code_points.h"
#include "text/decoders/decoder.h"
#include "text/models/model.h"
#include "text/piece_cache.h"
#include "text/pre_tokenizers/split_by.h"
#include "text/token_bytes.h"
#include "text/unsupported.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;

/// The ids of one text, with those of its pieces that came before.
class Encoding {
 public:
  Encoding(const Model& model, std::vector<int64_t>& ids) : model_(model), ids_(ids) {}

  void add(int64_t id) { ids_.push_back(id); }

  void add_piece(std::string_view piece) {
    if (const auto known = cache_.find(piece); known.data()) {
      ids_.insert(ids_.end(), known.begin(), known.end());
      return;
    }
    const size_t before = ids_.size();
    model_.tokenize(piece, ids_);
    cache_.put(piece, std::span(ids_).subspan(before));
  }

 private:
  const Model& model_;
  std::vector<int64_t>& ids_;
  PieceCache cache_;
};

struct Pipeline {
  AddedTokens raw, normalized;
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<Model> model;
  std::unique_ptr<Decoder> decoder;
  std::vector<std::string> tokens;  // by id, as the vocabulary spells them

  void encode(std::string_view text, std::vector<int64_t>& ids) const {
    Encoding encoding(*model, ids);
    raw.split(
        text,
        [&](size_t begin, size_t end) {
          NormalizedString string{std::string(text.substr(begin, end - begin)), begin == 0, 0};
          if (begin == 0) next_character(string.text, string.origin);
          if (normalizer) normalizer->normalize(string);
          encode_normalized(pre_tokenizers::piece_of(string), encoding);
        },
        [&](int64_t id) { encoding.add(id); });
  }

  std::string decode(const std::vector<int64_t>& ids) const {
    Tokens spelled;
    for (const int64_t id : ids) spelled.push_back(tokens[id]);
    std::string text;
    if (decoder) {
      for (const auto& part : decoder->decode(std::move(spelled))) text += part;
      return text;
    }
    for (size_t i = 0; i < spelled.size(); ++i) text += (i > 0 ? " " : "") + spelled[i];
    return text;
  }

 private:
  void encode_normalized(const Piece& string, Encoding& encoding) const {
    const PieceSink model_piece = [&](const Piece& piece) { encoding.add_piece(piece.text); };
    normalized.split(
        string.text,
        [&](size_t begin, size_t end) {
          const auto piece = pre_tokenizers::slice(string, begin, end);
          pre_tokenizer ? pre_tokenizer->pre_tokenize(piece, model_piece) : model_piece(piece);
        },
        [&](int64_t id) { encoding.add(id); });
  }
};

AddedVocabulary read_added(const json& tokenizer, const std::vector<std::vector<AddedToken>>& more,
                           const Vocabulary& vocabulary, const Normalizer* normalizer) {
  AddedVocabulary added(vocabulary, normalizer);
  std::vector<AddedToken> own;
  for (const auto& value : tokenizer.value("added_tokens", json::array())) own.push_back(read_added_token(value));
  added.add(own);
  for (const auto& tokens : more) added.add(tokens);
  return added;
}

/// The tokens that are matched in raw text, or those that are in normalised text.
AddedTokens finder_of(const AddedVocabulary& added, bool is_normalized) {
  std::vector<AddedToken> tokens;
  std::set<std::string> contents;  // two that are the same in normalised text: the package takes either, run by run
  for (const auto& [id, token] : added.tokens()) {
    if (token.normalized != is_normalized) continue;
    tokens.push_back(token);
    if (is_normalized) tokens.back().content = added.normalized(token);
    if (tokens.back().content.empty())
      unsupported("an added token of which the normalizer leaves nothing", token.content);
    if (!contents.insert(tokens.back().content).second)
      unsupported("an added token that the normalizer makes the same as another", token.content);
  }
  return AddedTokens(std::move(tokens));
}

void check_holds(const TokenTable& tokens, const SpecialTokens& special) {
  for (const auto* list : {&special.before, &special.after}) {
    for (const int64_t id : *list) {
      if (!tokens.holds(id)) throw InputError(fmt::format("post-processor: no token has the id {}", id));
    }
  }
}

/// How tokens are spelled for the decoder, and which bytes they stand for.
void put_tokens(const Vocabulary& vocabulary, const AddedVocabulary& added, const json& tokenizer, Pipeline& pipeline,
                TokenTable& table) {
  const TokenBytes bytes_of(tokenizer);
  const auto put = [&](int64_t id, const std::string& spelled, bool is_special) {
    table.put(id, bytes_of(spelled), is_special);
    if (pipeline.tokens.size() < table.has.size()) pipeline.tokens.resize(table.has.size());
    pipeline.tokens[id] = spelled;
  };
  for (const auto& [token, id] : vocabulary) put(id, token, false);
  for (const auto& [id, token] : added.tokens()) put(id, added.normalized(token), added.is_special(token.content));
  for (const auto& [id, token] : added.tokens()) table.bytes[id] = bytes_of(token.content);
}

std::optional<int64_t> known_id(const AddedVocabulary& added, const std::optional<std::string>& token) {
  const int64_t id = token ? added.id_of(*token) : -1;
  return id < 0 ? std::nullopt : std::optional(id);
}

}  // namespace

TokenizerParts make_pipeline(const json& tokenizer, const JoinedTokens& joined) {
  const auto part = [&](const char* name) { return tokenizer.value(name, json()); };
  const auto& model = tokenizer.at("model");
  const auto vocabulary = read_vocabulary(model);
  auto pipeline = std::make_shared<Pipeline>();
  const bool has_bytes = takes_bytes(model) && ends_in_byte_level(part("pre_tokenizer"));
  const auto spelling = has_bytes ? Spelling::bytes : Spelling::characters;
  pipeline->normalizer = read_normalizer(part("normalizer"));
  pipeline->pre_tokenizer = read_pre_tokenizer(part("pre_tokenizer"), spelling);
  pipeline->model = read_model(model, vocabulary, spelling);
  pipeline->decoder = read_decoder(part("decoder"));
  const auto added = read_added(tokenizer, joined.added, vocabulary, pipeline->normalizer.get());
  pipeline->raw = finder_of(added, false);
  pipeline->normalized = finder_of(added, true);

  TokenizerParts parts;
  put_tokens(vocabulary, added, tokenizer, *pipeline, parts.tokens);
  parts.special = read_post_processor(part("post_processor"));
  check_holds(parts.tokens, parts.special);
  parts.encode = [pipeline](std::string_view text, std::vector<int64_t>& ids) { pipeline->encode(text, ids); };
  parts.decode = [pipeline](const std::vector<int64_t>& ids) { return pipeline->decode(ids); };
  parts.bos = parts.special.before.size() == 1 ? parts.special.before[0] : known_id(added, joined.bos);
  parts.eos = known_id(added, joined.eos);
  return parts;
}

}  // namespace sinkscope::text
