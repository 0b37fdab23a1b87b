#include <nlohmann/json.hpp>

#include "text/post_processors/post_processor.h"
#include "text/tokenizer_parts.h"
#include "text/unsupported.h"

namespace sinkscope::text::post_processors {

/// {"Sequence": {"id": "A"}} stands for the text, {"SpecialToken": {"id": "<s>"}} for a token of `special_tokens`.
SpecialTokens template_processing(const nlohmann::json& part) {
  SpecialTokens found;
  bool has_text = false;
  for (const auto& piece : part.at("single")) {
    if (piece.contains("Sequence")) {
      if (has_text || piece["Sequence"].value("id", "A") != "A") unsupported("template of a post-processor", part);
      has_text = true;
      continue;
    }
    const auto token = piece.at("SpecialToken").at("id").get<std::string>();
    for (const auto& id : part.at("special_tokens").at(token).at("ids"))
      (has_text ? found.after : found.before).push_back(read_id(id, token));
  }
  if (!has_text) unsupported("template of a post-processor", part);
  return found;
}

}  // namespace sinkscope::text::post_processors
