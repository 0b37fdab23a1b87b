#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/families/config_classes.h"
#include "model/families/family.h"
#include "model/strict_json.h"
#include "model/weight_files.h"
#include "sinkscope/error.h"
#include "sinkscope/model/config.h"

namespace sinkscope::model {

constexpr int64_t kMaxConfigBytes = 1 << 20;

Config read_config(const std::filesystem::path& config_json) {
  const auto where = config_json.string();
  if (!std::filesystem::exists(config_json))
    throw InputError(fmt::format("{} is not there{}", where, what_it_holds(config_json.parent_path())));
  const auto parsed = parse_strict(read_file(config_json, kMaxConfigBytes), where);
  const auto type = Fields(parsed, where).string("model_type");
  std::vector<std::string> known;
  for (const auto& family : families()) {
    if (family.model_type == type) {
      const auto completed = as_class_reads(parsed, where);
      return family.read(Fields(completed, where));
    }
    known.push_back(family.model_type);
  }
  throw InputError(fmt::format("{}: model_type '{}' is not supported; {} are", where, type, fmt::join(known, ", ")));
}

}  // namespace sinkscope::model
