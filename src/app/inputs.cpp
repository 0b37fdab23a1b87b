#include "sinkscope/app/inputs.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "app/read_samples.h"
#include "sinkscope/app/shard.h"
#include "sinkscope/error.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/model/model.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::app {

Inputs::Inputs(const RunOptions& options, const std::set<std::string>& given, const MakeSamples& make)
    : options_(options),
      checkpoint_(model::Checkpoint::open(model::resolve_model(options.model, options.revision))),
      device_(model::open_device(options.device, local_rank())),
      dtype_(model::parse_dtype(options.dtype, config().dtype)) {
  if (model::is_float8(dtype_)) model::check_float8(device_);
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  if (const auto file = text::find_tokenizer(checkpoint_.dir())) tokenizer_ = text::Tokenizer::load(*file);
  samples_ = make ? make(config(), tokenizer()) : read_samples(options, given, checkpoint_, tokenizer());
  batches_ = cut_batches(samples_.ids, choose_batch_size());
  model::check_ids(batches_.ids, config());
}

int64_t Inputs::choose_batch_size() const {
  if (options_.batch_size == "auto") {
    return automatic_batch_size(config(), longest_of(samples_.ids), device_, dtype_);
  }
  const int64_t size = parse_int(options_.batch_size, "--batch-size");
  if (size < 1) throw InputError(fmt::format("--batch-size {}: expected 1 or more, or auto", size));
  return size;
}

Plan Inputs::plan(int64_t tokens) const {
  return {.config = config(),
          .device = device_,
          .dtype = dtype_,
          .batch_size = batches_.batch_size,
          .length = batches_.longest,
          .tokens = tokens,
          .checkpoint_bytes = checkpoint_.bytes()};
}

std::string Inputs::summary() const {
  return fmt::format("{} ({} layers, {:.2f} G parameters), {} samples of up to {} tokens, {} on {}", options_.model,
                     config().n_layers, static_cast<double>(model::parameter_count(config())) * 1e-9,
                     samples_.ids.size(), batches_.longest, model::dtype_name(dtype_), device_.str());
}

}  // namespace sinkscope::app
