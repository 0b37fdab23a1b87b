#include "sinkscope/app/run.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sinkscope/app/config_file.h"
#include "sinkscope/app/interrupt.h"
#include "sinkscope/app/provenance.h"
#include "sinkscope/app/shard.h"
#include "sinkscope/error.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/dtype.h"
#include "sinkscope/result/file.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::app {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int64_t kTokensForCeiling = 1 << 22;  // runs below are over before a share of the ceiling says anything

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

result::Existing existing(const RunOptions& options) {
  return options.force ? result::Existing::replace : result::Existing::refuse;
}

}  // namespace

Run::Run(const RunOptions& options, const CLI::App& command, const MakeSamples& make)
    : options_(options),
      experiment_(command.get_name()),
      resolved_(resolved_options(command)),
      given_(given_options(command)),
      checkpoint_(model::Checkpoint::open(model::resolve_model(options.model, options.revision))),
      device_(model::open_device(options.device, local_rank())),
      dtype_(model::parse_dtype(options.dtype, checkpoint_.config().dtype)),
      started_(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))),
      run_start_(Clock::now()) {
  if (!options_.out.empty()) result::check_writable(options_.out, existing(options_));
  if (model::is_float8(dtype_)) {
    model::check_float8(device_);
    warn("--dtype fp8: weights and inputs of the blocks' products are rounded to float8; every number is approximate");
  }
  if (options_.threads > 0) at::set_num_threads(static_cast<int>(options_.threads));
  if (const auto file = text::find_tokenizer(checkpoint_.dir())) tokenizer_ = text::Tokenizer::load(*file);
  samples_ = make ? make(config(), tokenizer()) : read_samples();
  make_batches();
  if (!options_.quiet) {
    fmt::print(stderr, "{}: {} ({} layers, {:.2f} G parameters), {} samples of up to {} tokens, {} on {}\n",
               experiment_, options_.model, config().n_layers,
               static_cast<double>(model::parameter_count(config())) * 1e-9, samples_.ids.size(), longest_,
               model::dtype_name(dtype_), device_.str());
  }
}

std::optional<int64_t> Run::bos() const {
  const bool is_unasked = !options_.text.empty() && tokenizer_ && tokenizer_->adds_bos();
  if (options_.bos == "without" || (options_.bos == "auto" && !is_unasked)) return std::nullopt;
  const auto bos = tokenizer_ ? tokenizer_->bos() : std::nullopt;
  if (!bos && options_.bos == "with") {
    throw InputError(
        fmt::format("--bos with: {}", tokenizer_ ? fmt::format("{} has no BOS token", tokenizer_->file().string())
                                                 : fmt::format("{} has no tokenizer", checkpoint_.dir().string())));
  }
  return bos;
}

text::Samples Run::read_samples() const {
  if (options_.text.empty() == options_.tokens.empty()) throw InputError("wanted one of --text and --tokens");
  const auto first = bos();
  if (!first) return read_samples(options_.length);
  if (options_.length < 2) throw InputError("--length 1: with BOS, wanted 2 or more, or --bos without");
  return text::with_bos(read_samples(options_.length - 1), *first);
}

/// Samples of up to `length` tokens, BOS not counted.
text::Samples Run::read_samples(int64_t length) const {
  const int64_t n = options_.samples, T = length, vocabulary = config().vocab_size;
  if (options_.tokens == "random") {
    return text::random_tokens(n, T, vocabulary, static_cast<uint64_t>(options_.seed));
  }
  if (!options_.tokens.empty()) {
    const auto cut = [&](const char* name, int64_t value) {  // the file sets samples and length; given flags only cut
      return given_.contains(name) ? value : 0;
    };
    return text::from_token_file(options_.tokens, cut("samples", n), cut("length", T), vocabulary);
  }
  if (!tokenizer_) {
    throw InputError(
        fmt::format("--text needs {}, which is not there, or tokenizer.model; --tokens FILE.json takes ids",
                    (checkpoint_.dir() / "tokenizer.json").string()));
  }
  const auto texts = text::read_texts(options_.text);
  return options_.slice == "lines" ? text::lines(*tokenizer_, texts, n, T) : text::windows(*tokenizer_, texts, n, T);
}

void Run::make_batches() {
  for (const auto& row : samples_.ids) lengths_.push_back(static_cast<int64_t>(row.size()));
  longest_ = *std::max_element(lengths_.begin(), lengths_.end());
  batch_size_ = options_.batch_size == "auto" ? automatic_batch_size(config(), longest_, device_, dtype_)
                                              : parse_int(options_.batch_size, "--batch-size");
  if (batch_size_ < 1) throw InputError(fmt::format("--batch-size {}: wanted 1 or more, or auto", batch_size_));
  const auto count = static_cast<int64_t>(samples_.ids.size());
  all_ids_ = at::zeros({count, longest_}, at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    all_ids_[i].slice(0, 0, lengths_[i]).copy_(at::tensor(samples_.ids[i], at::kLong));
  }
  model::check_ids(all_ids_, config());
  for (int64_t first = 0; first < count; first += batch_size_) {
    const int64_t n = std::min(batch_size_, count - first);
    batches_.push_back({.ids = all_ids_.slice(0, first, first + n),
                        .first = first,
                        .n = n,
                        .lengths = {lengths_.begin() + first, lengths_.begin() + first + n}});
  }
}

Plan Run::plan(int64_t tokens) const {
  return {.config = config(),
          .device = device_,
          .dtype = dtype_,
          .batch_size = batch_size_,
          .length = longest_,
          .tokens = tokens,
          .checkpoint_bytes = checkpoint_.bytes()};
}

bool Run::start(int64_t passes) {
  return start_tokens(passes * longest_ * static_cast<int64_t>(samples_.ids.size()));
}

bool Run::start_tokens(int64_t tokens) {
  if (options_.dry_run) {
    const auto expected = expect(plan(tokens));
    fmt::print("{}", expected.text);
    expected_seconds_ = expected.seconds;
    return false;
  }
  if (options_.out.empty()) throw InputError("--out is required: the file for the result");
  const auto start = Clock::now();
  {
    Progress loading("loading weights", "", 1'000'000, options_.quiet);
    double shown = 0;
    model_ = std::make_unique<model::Model>(model::Model::load(checkpoint_, device_, dtype_, [&](double share) {
      check_interrupt();
      loading.add(static_cast<int64_t>((share - shown) * 1e6));
      shown = share;
    }));
  }
  load_seconds_ = seconds_since(start);
  progress_ = std::make_unique<Progress>(experiment_, "tokens", tokens, options_.quiet);
  if (!options_.quiet && tokens >= kTokensForCeiling) progress_->ceiling(ceiling_tokens_per_s(plan(tokens)));
  run_start_ = Clock::now();
  return true;
}

void Run::forward(const Batch& batch, model::Taps& taps) {
  forward(batch.ids, taps);
}

void Run::forward(const at::Tensor& ids, model::Taps& taps) {
  if (!holds_interrupts_) check_interrupt();
  model_->forward(ids, taps);
  count(ids.numel());
}

void Run::resume(const model::Start& start, model::Taps& taps) {
  if (!holds_interrupts_) check_interrupt();
  model_->resume(start, taps);
  const int64_t skipped = std::max<int64_t>(0, start.site.layer), layers = config().n_layers;
  count(start.residual.size(0) * start.residual.size(1) * (layers - skipped) / layers);
}

void Run::count(int64_t tokens) {
  if (tokens_run_ == 0) {
    model::synchronize(device_);
    first_pass_seconds_ = seconds_since(run_start_);
  }
  tokens_run_ += tokens;
  progress_->add(tokens);
}

void Run::note(std::string words) {
  progress_->note(std::move(words));
}

void Run::warn(const std::string& warning) {
  warnings_.push_back(warning);
  spdlog::warn("{}", warning);
}

json Run::provenance() const {
  const double run_seconds = seconds_since(run_start_);
  return {{"schema_version", kSchemaVersion},
          {"experiment", experiment_},
          {"command", command_line()},
          {"config", resolved_},
          {"model", model_description_.is_null() ? model_description_ = describe_model(checkpoint_, options_)
                                                 : model_description_},
          {"tokenizer", tokenizer_ ? describe_tokenizer(*tokenizer_) : json()},
          {"data", describe_data(samples_, options_)},
          {"numerics",
           {{"device", device_.str()},
            {"device_name", model::device_name(device_)},
            {"dtype", model::dtype_name(dtype_)},
            {"approximate", model::is_float8(dtype_)},
            {"attention", "fused, columns in float32 on the way; float32 matrix where edges change"},
            {"accumulate", "float32"},
            {"tf32", false},
            {"seed", options_.seed},
            {"threads", at::get_num_threads()},
            {"batch_size", batch_size_}}},
          {"build", describe_build()},
          {"timing",
           {{"started", started_},
            {"load_s", load_seconds_},
            {"run_s", run_seconds},
            {"first_pass_s", first_pass_seconds_},
            {"peak_memory_gb", static_cast<double>(model::peak_memory(device_)) * 1e-9},
            {"tokens", tokens_run_},
            {"tokens_per_s", static_cast<double>(tokens_run_) / run_seconds}}}};
}

void Run::finish(const json& metrics, const json& results, const json& more) {
  progress_.reset();
  auto result = provenance();
  result["metrics"] = metrics;
  result["results"] = results;
  result["warnings"] = warnings_;
  if (more.is_object()) result.update(more);
  result::write_json(options_.out, result, existing(options_));
  if (!options_.quiet) fmt::print(stderr, "{}: {}\n", experiment_, options_.out);
}

}  // namespace sinkscope::app
