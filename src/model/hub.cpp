#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "sinkscope/error.h"
#include "sinkscope/files/expand_path.h"
#include "sinkscope/model/checkpoint.h"

namespace sinkscope::model {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

std::string expanded(const std::string& path) {
  return files::expand_variables(files::expand_user(path));
}

/// "Qwen/Qwen3-8B" -> "models--Qwen--Qwen3-8B"
std::string folder_of(const std::string& id) {
  std::string folder = "models--";
  for (const char c : id) folder += c == '/' ? std::string("--") : std::string(1, c);
  return folder;
}

bool is_name(const std::string& text) {
  return !text.empty() && text.find("..") == std::string::npos && text.find('\0') == std::string::npos &&
         text.front() != '/';
}

}  // namespace

// huggingface_hub's constants.py, line by line. A variable that is set to nothing counts as set there, and the default
// of the one goes through the expansion of the next.
fs::path cache_folder() {
  const auto caches = variable("XDG_CACHE_HOME", fs::path(files::expand_user("~")) / ".cache");
  const auto home = expanded(variable("HF_HOME", fs::path(caches) / "huggingface"));
  return expanded(variable("HF_HUB_CACHE", variable("HUGGINGFACE_HUB_CACHE", fs::path(home) / "hub")));
}

fs::path resolve_model(const std::string& model, const std::string& revision) {
  if (fs::is_directory(model)) {
    if (!revision.empty())
      throw InputError(fmt::format("--revision {}: --model {} is a folder, not an id", revision, model));
    return model;
  }
  const auto wanted = revision.empty() ? std::string("main") : revision;
  const auto cached = cache_folder() / folder_of(model);
  if (!is_name(model) || !is_name(wanted) || !fs::is_directory(cached)) {
    throw InputError(
        fmt::format("--model {}: neither a folder nor in the Hugging Face cache ({})", model, cached.string()));
  }
  std::string commit = wanted;
  if (std::ifstream ref(cached / "refs" / wanted); ref) std::getline(ref, commit);
  const auto snapshot = cached / "snapshots" / commit;
  if (!is_name(commit) || !fs::is_directory(snapshot)) {
    throw InputError(
        fmt::format("--model {}: revision '{}' is not in the Hugging Face cache ({})", model, wanted, cached.string()));
  }
  return snapshot;
}

}  // namespace sinkscope::model
