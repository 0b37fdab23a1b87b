#include "sinkscope/app/writer.h"

#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "sinkscope/app/command_line.h"
#include "sinkscope/app/print_json.h"
#include "sinkscope/app/provenance.h"
#include "sinkscope/files/standard_input.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/result/file.h"
#include "sinkscope/result/read_result.h"

namespace sinkscope::app {
namespace {

using nlohmann::json;

json describe_numerics(const Inputs& inputs) {
  const auto products = model::product_numerics();
  return {{"device", inputs.device().str()},
          {"device_name", model::device_name(inputs.device())},
          {"dtype", model::dtype_name(inputs.dtype())},
          {"approximate", model::is_float8(inputs.dtype())},
          {"attention", "fused, columns in float32 on the way; float32 matrix where edges change"},
          {"accumulate", "float32"},
          {"tf32", products.tf32},
          {"bf16_reduction", products.bf16_reduction},
          {"seed", inputs.options().seed},
          {"threads", at::get_num_threads()},
          {"batch_size", inputs.batches().batch_size}};
}

json describe_timing(const Timing& timing, const std::string& started, at::Device device) {
  return {{"started", started},
          {"load_s", timing.load_s},
          {"run_s", timing.run_s},
          {"first_pass_s", timing.first_pass_s},
          {"peak_memory_gb", static_cast<double>(model::peak_memory(device)) * 1e-9},
          {"tokens", timing.tokens},
          {"tokens_per_s", static_cast<double>(timing.tokens) / timing.run_s}};
}

result::Existing existing(bool force) {
  return force ? result::Existing::replace : result::Existing::refuse;
}

}  // namespace

Writer::Writer(std::string experiment, json config, const RunOptions& options)
    : experiment_(std::move(experiment)),
      config_(std::move(config)),
      out_(options.out),
      started_(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))),
      force_(options.force),
      quiet_(options.quiet) {
  if (!out_.empty() && !to_standard_output()) result::check_writable(out_, existing(force_));
}

bool Writer::to_standard_output() const {
  return out_ == files::kStandardStream;
}

void Writer::warn(const std::string& warning) {
  warnings_.push_back(warning);
  spdlog::warn("{}", warning);
}

json Writer::provenance(const Inputs& inputs, const Timing& timing) const {
  if (model_description_.is_null()) model_description_ = describe_model(inputs.checkpoint(), inputs.options());
  return {{"schema_version", result::kSchemaVersion},
          {"experiment", experiment_},
          {"command", command_line()},
          {"config", config_},
          {"model", model_description_},
          {"tokenizer", inputs.tokenizer() ? describe_tokenizer(*inputs.tokenizer()) : json()},
          {"data", describe_data(inputs.samples(), inputs.options())},
          {"numerics", describe_numerics(inputs)},
          {"build", describe_build()},
          {"timing", describe_timing(timing, started_, inputs.device())}};
}

void Writer::write(json result, const json& metrics, const json& results, const json& more) const {
  result["metrics"] = metrics;
  result["results"] = results;
  result["warnings"] = warnings_;
  if (more.is_object()) result.update(more);
  if (to_standard_output()) return print_json(result);
  result::write_json(out_, result, existing(force_));
  if (!quiet_) fmt::print(stderr, "{}: {}\n", experiment_, out_);
}

}  // namespace sinkscope::app
