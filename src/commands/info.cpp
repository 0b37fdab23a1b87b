// info: what a checkpoint is and what it takes to run it.

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "sinkscope/app/option_types.h"
#include "sinkscope/app/plan.h"
#include "sinkscope/app/print_json.h"
#include "sinkscope/app/provenance.h"
#include "sinkscope/app/table.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::commands {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string model, revision;
  bool json = false;
};

constexpr int64_t kSamples = 8, kTokens = 512;  // the batch that memory is estimated for

double gigabytes(int64_t bytes) {
  return static_cast<double>(bytes) * 1e-9;
}

ordered_json describe_tokenizer(const std::filesystem::path& dir, const model::Config& config) {
  const auto file = text::find_tokenizer(dir);
  if (!file) return nullptr;
  const auto tokenizer = text::Tokenizer::load(*file);
  auto special = ordered_json::array();
  int64_t unused = 0;
  for (int64_t id = 0; id < std::max(tokenizer.size(), config.vocab_size); ++id) {
    unused += id < config.vocab_size && !tokenizer.has(id);
    if (tokenizer.is_special(id)) special.push_back({{"id", id}, {"piece", tokenizer.piece(id)}});
  }
  const auto bos = tokenizer.bos();
  return {{"ids", tokenizer.size()},
          {"special", special},
          {"bos", bos ? ordered_json(*bos) : ordered_json()},
          {"adds_bos", !tokenizer.before().empty()},
          {"embedding_rows_without_a_token", unused}};
}

ordered_json describe(const model::Checkpoint& checkpoint) {
  const auto& c = checkpoint.config();
  const int64_t embedding = model::parameter_count(c, {model::Role::embed, model::Role::unembed});
  ordered_json memory;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const int64_t activations = app::activation_bytes(c, kSamples, kTokens, dtype);
    memory[dtype == at::kFloat ? "float32" : "bfloat16"] = {
        {"weights_gb", gigabytes(model::parameter_count(c) * at::elementSize(dtype))},
        {"activations_8x512_gb", gigabytes(activations)}};
  }
  ordered_json described{{"path", checkpoint.dir().string()}};
  described.update(app::describe_config(c));
  described.update(ordered_json{{"max_positions", c.max_positions},
                                {"dtype", c.dtype},
                                {"parameters_embedding_and_head", embedding},
                                {"bytes_on_disk", checkpoint.bytes()},
                                {"memory", memory},
                                {"warnings", checkpoint.warnings()},
                                {"tokenizer", describe_tokenizer(checkpoint.dir(), c)}});
  return described;
}

/// "theta 1e+06, factor 4"; what is within another in parentheses; numbers to four digits, whole ones in full.
std::string plain(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "none";
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  if (!value.is_structured()) return value.dump();
  std::vector<std::string> parts;
  for (const auto& [key, one] : value.items()) {
    const auto text = one.is_structured() ? fmt::format("({})", plain(one)) : plain(one);
    parts.push_back(value.is_object() ? fmt::format("{} {}", key, text) : text);
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string spell(const std::string& key, const ordered_json& value) {
  if (key == "tokenizer" && value.is_object()) {
    return fmt::format("{} ids, {} special, {} embedding rows without a token", value["ids"].get<int64_t>(),
                       value["special"].size(), value["embedding_rows_without_a_token"].get<int64_t>());
  }
  return plain(value);
}

void print_page(const ordered_json& described) {
  app::Table table({app::Align::left, app::Align::left});
  for (const auto& [key, value] : described.items()) {
    if (key == "warnings" && value.empty()) continue;
    const auto colour = key == "warnings" ? app::Colour::doubtful : app::Colour::plain;
    table.add({{key, app::Colour::heading}, {spell(key, value), colour}});
  }
  fmt::print("{}", table.text(app::terminal_of(stdout)));
}

void run(const Options& o) {
  const auto described = describe(model::Checkpoint::open(model::resolve_model(o.model, o.revision)));
  if (o.json)
    app::print_json(described);
  else
    print_page(described);
}

}  // namespace

Command info() {
  return {"info", "describe a checkpoint: shapes, parameters, dtype, memory it needs, tokenizer",
          [](CLI::App& app) {
            auto o = std::make_shared<Options>();
            app.add_option("--model", o->model, "checkpoint directory, or a Hugging Face id found in the local cache")
                ->required()
                ->type_name(app::kModelType);
            app.add_option("--revision", o->revision, "branch, tag or commit of a Hugging Face id");
            app.add_flag("--json", o->json, "print one JSON document");
            app.callback([o] { run(*o); });
          },
          kModel};
}

}  // namespace sinkscope::commands
