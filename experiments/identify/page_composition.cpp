// The page on what the signal is made of.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/identify/page_parts.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

/// "5.3 (0.41), 5.1 (0.2)": layer and column of each row, its value in brackets.
std::string rows(const json& list, const char* column, const char* value) {
  std::string text;
  for (const auto& row : list) {
    text += fmt::format("{}{}.{} ({})", text.empty() ? "" : ", ", row.at("layer").dump(), row.at(column).dump(),
                        number(row.at(value)));
  }
  return text.empty() ? "none" : text;
}

std::string channels_of(const json& list) {
  std::string text;
  for (const auto& row : list) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", row.at("dimension").dump(), number(row.at("share")));
  }
  return text;
}

}  // namespace

std::string composition(const json& stage) {
  const auto& made_of = stage.at("composition");
  if (made_of.is_null()) return {};
  const auto &written = made_of.at("written_by"), &read = made_of.at("read_by");
  return fmt::format(
      "\nWhat the signal at {} is made of\n\n"
      "- Channels, with their shares of its squared length: {}.\n"
      "- Token 0 has {} more of it than tokens 1 to 8: the embedding gives {}, attention {}, MLPs {}.\n"
      "- Heads that write most of that (layer.head): {}.\n"
      "- Neurons that write most of that (layer.neuron): {}.\n"
      "- Key heads whose weights read it most (layer.key head, ratio): {}.\n"
      "- Neurons whose gates read it most (layer.neuron, cosine): {}.\n",
      text_at(made_of, "site"), channels_of(made_of.at("channels")), number(written.at("total")),
      number(written.at("embedding")), number(written.at("attention")), number(written.at("mlp")),
      rows(written.at("heads"), "head", "contribution"), rows(written.at("neurons"), "neuron", "contribution"),
      rows(read.at("keys"), "key_head", "ratio"), rows(read.at("gates"), "neuron", "cosine"));
}

}  // namespace sinkscope::experiments::identification
