#include "text/post_processors/post_processor.h"

#include <nlohmann/json.hpp>

#include "text/unsupported.h"

namespace sinkscope::text {

SpecialTokens read_post_processor(const nlohmann::json& part) {
  if (part.is_null()) return {};
  const auto type = type_of(part);
  if (type == "ByteLevel") return {};  // moves offsets only
  if (type == "TemplateProcessing") return post_processors::template_processing(part);
  if (type == "RobertaProcessing" || type == "BertProcessing") return post_processors::roberta(part);
  if (type == "Sequence") return post_processors::sequence(part);
  unsupported("post-processor", part);
}

}  // namespace sinkscope::text
