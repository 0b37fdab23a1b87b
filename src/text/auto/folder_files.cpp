#include "text/auto/folder_files.h"

#include <fmt/format.h>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {

namespace fs = std::filesystem;
using nlohmann::json;

FolderFiles read_folder(const fs::path& folder) {
  FolderFiles files;
  const auto read = [&](const char* name) {
    const auto file = folder / name;
    if (!fs::exists(file)) return json::object();
    auto parsed = files::parse_json(files::read_file(file, kMaxFile), file.string());
    if (!parsed.is_object()) throw InputError(fmt::format("{}: expected an object", file.string()));
    files.read.push_back(file);
    return parsed;
  };
  files.config = read("config.json");
  files.read.clear();
  files.tokenizer_config = read("tokenizer_config.json");
  if (files.tokenizer_config.contains("added_tokens_decoder")) return files;  // then transformers reads no more
  files.special_tokens_map = read("special_tokens_map.json");
  files.added_tokens = read("added_tokens.json");
  return files;
}

}  // namespace sinkscope::text
