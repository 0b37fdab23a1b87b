#include "model/stored_names.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace sinkscope::model {
namespace {

constexpr std::string_view kBase = "model", kHead = "lm_head.weight", kWeight = "weight";

/// Ends of what the quantizers store in a weight's place or beside it.
constexpr std::array<std::string_view, 12> kQuantized = {
    "qweight", "qzeros",     "scales",        "weight_packed",    "weight_scale",        "weight_scale_inv",
    "SCB",     "weight_scb", "weight.absmax", "weight.quant_map", "weight.quant_state.", "blocks"};

}  // namespace

std::string wanted_name(const std::string& stored, const std::set<std::string>& wanted) {
  if (stored.starts_with(kBase) && stored.size() > kBase.size()) {
    // Any character may end the prefix: theirs is a regular expression, "^model.".
    if (const auto without = stored.substr(kBase.size() + 1); wanted.contains(without)) return without;
  }
  if (const auto with = fmt::format("{}.{}", kBase, stored); wanted.contains(with)) return with;
  return wanted.contains(stored) ? stored : "";
}

std::string why_missing(const std::string& tensor, const std::vector<std::string>& left_over) {
  const auto stem = tensor.substr(0, tensor.size() - (tensor.ends_with(kWeight) ? kWeight.size() : 0));
  for (const auto& name : left_over) {
    for (const auto end : kQuantized) {
      if (name.starts_with(stem + std::string(end)))
        return fmt::format(": it has '{}', so it is quantized; dequantize it with transformers and save it", name);
    }
  }
  if (tensor == kHead) {
    return ": transformers would draw this head at random; if the model's head is its embedding, set "
           "tie_word_embeddings to true in config.json";
  }
  return left_over.empty() ? "" : fmt::format(": it has '{}', which the model has not", left_over.front());
}

}  // namespace sinkscope::model
