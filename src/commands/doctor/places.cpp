// Where models are looked for, and where a result would go.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "commands/doctor/finding.h"
#include "sinkscope/error.h"
#include "sinkscope/files/standard_input.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/result/file.h"

namespace sinkscope::commands::checkup {
namespace {

namespace fs = std::filesystem;

constexpr double kLittleRoom = 1e9;  // bytes

/// Which variable decides where the cache is; nullptr for none.
const char* cache_variable() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"}) {
    if (std::getenv(name)) return name;
  }
  return nullptr;
}

/// "12.3 GB free there"; "" where the disk does not say.
std::string room_at(const fs::path& folder) {
  std::error_code unknown;
  const auto space = fs::space(folder, unknown);
  return unknown ? "" : fmt::format(", {:.1f} GB free there", static_cast<double>(space.available) * 1e-9);
}

int64_t models_in(const fs::path& folder) {
  int64_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    count += entry.path().filename().string().starts_with("models--");
  return count;
}

Finding cache() {
  const auto folder = model::cache_folder();
  const char* variable = cache_variable();
  const auto by = variable ? fmt::format(" (by {})", variable) : std::string();
  Finding finding{"Hugging Face cache", State::ok, folder.string() + by, ""};
  if (!fs::is_directory(folder)) {
    finding.state = variable ? State::fails : State::note;
    finding.found += fs::exists(folder) ? ": is no folder" : ": does not exist";
    finding.mend = variable ? fmt::format("set {} to the folder that has the models", variable)
                            : "--model takes a folder; an id needs HF_HOME or HF_HUB_CACHE, or a download";
  } else if (access(folder.c_str(), R_OK | X_OK) != 0) {
    finding.state = State::fails;
    finding.found += ": cannot be read";
    finding.mend = fmt::format("chmod -R u+rX {}", folder.string());
  } else {
    finding.found += fmt::format(": {} models{}", models_in(folder), room_at(folder));
  }
  return finding;
}

Finding result_file(const Question& q) {
  const auto existing = q.force ? result::Existing::replace : result::Existing::refuse;
  try {
    if (q.out != files::kStandardStream) result::check_writable(q.out, existing);
  } catch (const InputError& e) {
    return {"--out", State::fails, e.what(), "name a file in a folder that exists and can be written to"};
  }
  return {"--out", State::ok, q.out + " can be written" + room_at(fs::absolute(q.out).parent_path()), ""};
}

Finding working_folder() {
  std::error_code gone;
  const auto here = fs::current_path(gone);
  if (gone || access(here.c_str(), W_OK | X_OK) != 0)
    return {"working folder", State::note, here.string() + " cannot be written to", "--out in another folder"};
  Finding finding{"working folder", State::ok, here.string() + " can be written to" + room_at(here), ""};
  const auto space = fs::space(here, gone);
  if (!gone && static_cast<double>(space.available) < kLittleRoom) {
    finding.state = State::note;
    finding.mend = "make room, or --out on another disk";
  }
  return finding;
}

}  // namespace

Findings look_at_places(const Question& q) {
  return {cache(), q.out.empty() ? working_folder() : result_file(q)};
}

}  // namespace sinkscope::commands::checkup
