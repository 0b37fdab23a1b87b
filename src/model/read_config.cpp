#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/families/family.h"
#include "model/strict_json.h"
#include "sinkscope/error.h"
#include "sinkscope/model/config.h"

namespace sinkscope::model {

constexpr int64_t kMaxConfigBytes = 1 << 20;

Config read_config(const std::filesystem::path& config_json) {
  const auto where = config_json.string();
  const auto parsed = parse_strict(read_file(config_json, kMaxConfigBytes), where);
  const Fields fields(parsed, where);
  const auto type = fields.string("model_type");
  std::vector<std::string> known;
  for (const auto& family : families()) {
    if (family.model_type == type) return family.read(fields);
    known.push_back(family.model_type);
  }
  throw InputError(fmt::format("{}: model_type '{}' is not supported; {} are", where, type, fmt::join(known, ", ")));
}

}  // namespace sinkscope::model
