#include "model/weight_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "model/strict_json.h"
#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxIndexBytes = 64 << 20;
constexpr char kSingle[] = "model.safetensors", kIndex[] = "model.safetensors.index.json";

/// Names of a folder's files, by how they begin and end, and what to do with a folder that has such a file instead.
struct Instead {
  std::string_view begin, end, help;
};
constexpr Instead kInstead[] = {
    {"adapter_", ".json", "an adapter, to be merged into its base model (peft: merge_and_unload, save_pretrained)"},
    {"", ".gguf",
     "GGUF, which is not read: take the original checkpoint, or have transformers write it anew "
     "(from_pretrained with gguf_file, save_pretrained)"},
    {"consolidated", "", "weights under their author's own names: take the checkpoint in Hugging Face's format"},
    {"params", ".json", "weights under their author's own names: take the checkpoint in Hugging Face's format"},
    {"pytorch_model", "",
     "torch's pickles, which are not read: have transformers write them anew "
     "(AutoModelForCausalLM.from_pretrained, save_pretrained)"},
    {"tf_model", ".h5", "TensorFlow's weights, which are not read"},
    {"flax_model", ".msgpack", "Flax's weights, which are not read"},
    {"model-", ".safetensors", "shards without their model.safetensors.index.json"},
    {"model.", ".safetensors", "a variant of the weights: name it model.safetensors"},
    {"", ".safetensors", "safetensors under another name: name it model.safetensors"},
};

std::set<std::string> names_in(const fs::path& dir) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(dir, ignored)) names.insert(entry.path().filename());
  return names;
}

/// The index's shards in the order of their first tensors' names, which the hashes of results follow; file names
/// without folders only.
std::vector<std::string> shards_of(const fs::path& index, std::string& dtype) {
  const auto parsed = parse_strict(read_file(index, kMaxIndexBytes), index.string());
  const Fields fields(parsed, index.string());
  const auto map = fields.object("weight_map");
  std::vector<std::string> files;
  for (const auto& [tensor, value] : parsed["weight_map"].items()) {
    const auto file = map.string(tensor);
    if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos ||
        file.find('\0') != std::string::npos) {
      map.fail(tensor, "the name of a file in the same folder");
    }
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  if (files.empty()) throw InputError(fmt::format("{}: 'weight_map' is empty", index.string()));
  if (fields.has("metadata") && fields.object("metadata").has("dtype"))
    dtype = fields.object("metadata").string("dtype");
  return files;
}

void check_all_there(const fs::path& dir, const std::vector<std::string>& files) {
  std::vector<std::string> missing;
  std::copy_if(files.begin(), files.end(), std::back_inserter(missing),
               [&](const std::string& file) { return !fs::exists(dir / file); });
  if (missing.empty()) return;
  throw InputError(fmt::format("{}: {} of the {} files that {} names are missing: {}; fetch them", dir.string(),
                               missing.size(), files.size(), kIndex, fmt::join(missing, ", ")));
}

}  // namespace

std::string what_it_holds(const fs::path& dir) {
  const auto names = names_in(dir);
  if (names.contains(kSingle) || names.contains(kIndex)) return "";
  for (const auto& [begin, end, help] : kInstead) {
    for (const auto& name : names) {
      if (name.starts_with(begin) && name.ends_with(end)) return fmt::format(": it holds {}, {}", name, help);
    }
  }
  return "";
}

WeightFiles find_weight_files(const fs::path& dir) {
  WeightFiles found;
  const bool single = fs::exists(dir / kSingle), index = fs::exists(dir / kIndex);
  if (!single && !index) {
    throw InputError(
        fmt::format("{}: neither {} nor {} is there{}", dir.string(), kSingle, kIndex, what_it_holds(dir)));
  }
  if (single) {
    found.files.push_back(dir / kSingle);
    if (index) found.warnings.push_back(fmt::format("{} is read; the {} beside it does not count", kSingle, kIndex));
  } else {
    const auto shards = shards_of(dir / kIndex, found.dtype);
    check_all_there(dir, shards);
    for (const auto& shard : shards) found.files.push_back(dir / shard);
  }
  if (fs::exists(dir / "adapter_config.json")) {
    found.warnings.push_back(
        "an adapter lies beside the weights and does not count; transformers adds it where peft is installed");
  }
  return found;
}

}  // namespace sinkscope::model
