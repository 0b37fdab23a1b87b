#include <nlohmann/json.hpp>

#include "text/post_processors/post_processor.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text::post_processors {

SpecialTokens roberta(const nlohmann::json& part) {
  const auto id_of = [&](const char* key) {
    return read_id(part.at(key).at(1), part.at(key).at(0).get<std::string>());
  };
  return {.before = {id_of("cls")}, .after = {id_of("sep")}};
}

}  // namespace sinkscope::text::post_processors
