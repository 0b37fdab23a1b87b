#include "experiments/identify/script_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/identify/apply.py.h"
#include "sinkscope/error.h"
#include "sinkscope/model/dtype.h"

namespace sinkscope::experiments::identification {

std::filesystem::path script_file(const std::filesystem::path& out) {
  return std::filesystem::path(out).replace_extension(".py");
}

void check_script(const app::Run& r) {
  if (model::is_float8(r.inputs().dtype())) {
    throw InputError("--script: transformers does not compute in this program's float8; expected another --dtype");
  }
}

Tensors tokens_of_halves(trials::Runner& r) {
  const auto lengths = at::tensor(r.run().lengths(), at::kLong);
  Tensors tokens;
  for (const auto& [half, samples] : {std::pair("choosing", r.choosing()), std::pair("testing", r.testing())}) {
    tokens.emplace_back(fmt::format("{}.ids", half), r.run().all_ids().index_select(0, samples));
    tokens.emplace_back(fmt::format("{}.lengths", half), lengths.index_select(0, samples));
  }
  return tokens;
}

void write_script(trials::Runner& r, const nlohmann::json& results, result::Existing existing) {
  const auto& stages = results.at("stages");
  if (std::all_of(stages.begin(), stages.end(),
                  [](const nlohmann::json& stage) { return stage.at("verdict").at("signal").is_null(); })) {
    r.run().warn("--script: there is no signal to apply; no program was written");
    std::filesystem::remove(script_file(r.run().options().out));  // an earlier run's, which --force let through
    return;
  }
  result::write_text(script_file(r.run().options().out), kText, existing);
}

}  // namespace sinkscope::experiments::identification
