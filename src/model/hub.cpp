#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "sinkscope/error.h"
#include "sinkscope/model/checkpoint.h"

namespace sinkscope::model {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Where Hugging Face's own tools keep downloaded models.
fs::path cache_folder() {
  if (const auto cache = variable("HF_HUB_CACHE"); !cache.empty()) return cache;
  if (const auto home = variable("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "huggingface" / "hub";
  return fs::path(variable("HOME")) / ".cache" / "huggingface" / "hub";
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
