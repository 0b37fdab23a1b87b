// The model that was asked about: whether it is there, whole, and runs in the memory that is free.

#include <fmt/format.h>

#include "commands/doctor/finding.h"
#include "commands/doctor/need.h"
#include "sinkscope/error.h"
#include "sinkscope/model/allocation.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::commands::checkup {
namespace {

Finding fits(const model::Config& config, const std::string& dtype_name) {
  const auto dtype = model::parse_dtype(dtype_name, config.dtype);
  const double need = bytes_to_run(config, dtype), free = static_cast<double>(model::free_host_memory().amount);
  Finding finding{
      "model's memory", State::ok,
      fmt::format("{:.2f} GB in {}, {:.1f} GB are free", need * 1e-9, model::dtype_name(dtype), free * 1e-9), ""};
  if (need <= free) return finding;
  finding.state = State::fails;
  finding.mend = "--dtype bfloat16 takes half of float32; --device cuda; more memory (sbatch --mem=...)";
  return finding;
}

Finding tokenizer_of(const std::filesystem::path& dir) {
  const auto file = text::find_tokenizer(dir);
  if (!file) return {"tokenizer", State::note, "none in " + dir.string(), "--tokens FILE.json in place of --text"};
  try {
    const auto size = text::Tokenizer::load(*file).size();
    return {"tokenizer", State::ok, fmt::format("{}, {} ids", file->string(), size), ""};
  } catch (const InputError& e) {
    return {"tokenizer", State::fails, e.what(),
            "docs/tokenizers.md says which are read; --tokens FILE.json needs none"};
  }
}

}  // namespace

Findings look_at_model(const Question& q) {
  if (q.model.empty()) return {};
  try {
    const auto checkpoint = model::Checkpoint::open(model::resolve_model(q.model, q.revision));
    Finding finding{"model", State::ok, fmt::format("{}, whole", checkpoint.dir().string()), ""};
    for (const auto& warning : checkpoint.warnings()) {
      finding.state = State::note;
      finding.found += "; " + warning;
    }
    return {finding, fits(checkpoint.config(), q.dtype), tokenizer_of(checkpoint.dir())};
  } catch (const InputError& e) {
    return {{"model", State::fails, e.what(),
             "download it (huggingface-cli download ID) or name its folder; docs/models.md says what is read"}};
  }
}

}  // namespace sinkscope::commands::checkup
