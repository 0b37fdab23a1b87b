// Rotary's parameters as transformers 5.17's modeling_rope_utils.py takes them out of a config:
// standardize_rope_params, validate_rope and the functions of each type. What they only warn of and then compute is
// computed here, too; what ends in an error there is refused.

#include <fmt/format.h>

#include "model/families/decoder_fields.h"
#include "sinkscope/error.h"

namespace sinkscope::model {
namespace {

constexpr int64_t kLargest = 1 << 24;

/// As Python's bool() of a JSON value.
bool is_true(const nlohmann::json& value) {
  if (value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != 0;
  return value.is_string() ? !value.get<std::string>().empty() : !value.empty();
}

/// The first of both that says something; an empty object where none does.
Fields scaling_of(const Fields& fields) {
  static const auto nothing = nlohmann::json::object();
  for (const auto* key : {"rope_scaling", "rope_parameters"}) {
    if (fields.has(key) && is_true(fields.any(key))) return fields.object(key);
  }
  return Fields(nothing, fields.where());
}

double read_theta(const Fields& fields, const Fields& scaling, double default_theta) {
  const Fields& place = scaling.contains("rope_theta") ? scaling : fields;  // null is no number in both
  return place.contains("rope_theta") ? place.positive("rope_theta") : default_theta;
}

RopeType read_type(const Fields& scaling) {
  const std::string key = scaling.contains("rope_type") ? "rope_type" : "type";
  const auto name = scaling.contains(key) ? scaling.string(key) : "default";
  if (name == "default") return RopeType::default_;
  if (name == "linear") return RopeType::linear;
  if (name == "yarn") return RopeType::yarn;
  if (name == "llama3") return RopeType::llama3;
  const auto* help =
      name == "dynamic" ? "; up to max_position_embeddings dynamic is default: remove the key for that" : "";
  throw InputError(fmt::format("{}: '{}': rope type '{}' is not supported; default, linear, yarn and llama3 are{}",
                               scaling.where(), key, name, help));
}

/// Beside the rope's parameters it wins over the one among them; without both all positions are original.
int64_t original_positions(const Fields& fields, const Fields& scaling, const Config& config) {
  constexpr auto kKey = "original_max_position_embeddings";
  const Fields& place = fields.contains(kKey) ? fields : scaling;
  return place.contains(kKey) ? place.integer(kKey, 1, kLargest) : config.max_positions;
}

/// `factor` must be there, and null means the ratio of contexts.
void read_yarn(const Fields& scaling, const Config& config, RopeConfig& read) {
  read.factor = scaling.is_null("factor")
                    ? static_cast<double>(config.max_positions) / static_cast<double>(read.original_max_positions)
                    : scaling.positive("factor");
  if (scaling.has("beta_fast") && scaling.number("beta_fast") != 0) read.beta_fast = scaling.positive("beta_fast");
  if (scaling.has("beta_slow") && scaling.number("beta_slow") != 0) read.beta_slow = scaling.positive("beta_slow");
  if (scaling.contains("truncate")) read.truncate = !scaling.is_null("truncate") && scaling.boolean("truncate");
  if (scaling.has("attention_factor")) read.attention_factor = scaling.positive("attention_factor");
  if (scaling.has("mscale")) read.mscale = scaling.number("mscale");
  if (scaling.has("mscale_all_dim")) read.mscale_all_dim = scaling.number("mscale_all_dim");
}

void read_llama3(const Fields& scaling, RopeConfig& read) {
  read.factor = scaling.positive("factor");
  read.low_freq_factor = scaling.positive("low_freq_factor");
  read.high_freq_factor = scaling.positive("high_freq_factor");
  if (read.high_freq_factor <= read.low_freq_factor) {
    scaling.fail("high_freq_factor", fmt::format("more than low_freq_factor ({})", read.low_freq_factor));
  }
}

void refuse_partial(const Fields& fields) {
  constexpr auto kKey = "partial_rotary_factor";
  if (fields.has(kKey) && fields.number(kKey) != 1) {
    fields.fail(kKey,
                "1 (partial rotary is not supported; where the rope type is default, transformers' class of this "
                "model ignores the key: remove it for that)");
  }
}

/// One rope a kind of layer, which no class that is read here takes.
void refuse_nested(const Fields& scaling) {
  for (const auto* key : {"full_attention", "sliding_attention"}) {
    if (scaling.contains(key))
      throw InputError(
          fmt::format("{}: '{}': rotary of its own for a kind of layer is not supported", scaling.where(), key));
  }
}

}  // namespace

RopeConfig read_rope(const Fields& fields, const Config& config, double default_theta) {
  const auto scaling = scaling_of(fields);
  refuse_partial(fields);
  refuse_partial(scaling);
  refuse_nested(scaling);
  RopeConfig rope;
  rope.theta = read_theta(fields, scaling, default_theta);
  rope.type = read_type(scaling);
  if (rope.type == RopeType::linear) rope.factor = scaling.positive("factor");
  if (rope.type == RopeType::yarn || rope.type == RopeType::llama3)
    rope.original_max_positions = original_positions(fields, scaling, config);
  if (rope.type == RopeType::yarn) read_yarn(scaling, config, rope);
  if (rope.type == RopeType::llama3) read_llama3(scaling, rope);
  return rope;
}

}  // namespace sinkscope::model
