#include "sinkscope/app/session.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "sinkscope/app/interrupt.h"
#include "sinkscope/app/plan.h"
#include "sinkscope/model/device.h"
#include "sinkscope/model/dtype.h"

namespace sinkscope::app {
namespace {

constexpr int64_t kTokensForCeiling = 1 << 22;  // runs below are over before a share of the ceiling says anything

template <typename Point>
double seconds_since(Point start) {
  return std::chrono::duration<double>(Point::clock::now() - start).count();
}

/// f(), whose lack of memory is told in one line as that of `what`.
template <typename F>
auto naming_memory(const std::string& what, const F& f) {
  const auto told = [&](const char* whose, std::string why) {
    why = why.substr(0, why.find('\n'));
    return OutOfMemory(fmt::format("the memory of the {} ran out in {} ({})", whose, what, why));
  };
  try {
    return f();
  } catch (const c10::OutOfMemoryError& e) {
    throw told("GPU", e.what_without_backtrace());
  } catch (const std::bad_alloc& e) {
    throw told("CPU", e.what());
  }
}

std::string pass_of(int64_t samples, int64_t tokens) {
  return fmt::format("a pass of {} samples of {} tokens: a smaller --batch-size takes less", samples, tokens);
}

model::Model load_model(const Inputs& inputs) {
  Progress loading("loading weights", "", 1'000'000, inputs.options().quiet);
  double shown = 0;
  const auto what = fmt::format("the weights of {} in {}: --dtype decides how much they take", inputs.options().model,
                                model::dtype_name(inputs.dtype()));
  return naming_memory(what, [&] {
    return model::Model::load(inputs.checkpoint(), inputs.device(), inputs.dtype(), [&](double share) {
      check_interrupt();
      loading.add(static_cast<int64_t>((share - shown) * 1e6));
      shown = share;
    });
  });
}

}  // namespace

Session::Session(model::Model model, const std::string& name, int64_t tokens, bool quiet)
    : model_(std::move(model)),
      progress_(std::make_unique<Progress>(name, "tokens", tokens, quiet)),
      start_(Clock::now()) {}

Session Session::load(const Inputs& inputs, const std::string& name, int64_t tokens) {
  const bool quiet = inputs.options().quiet;
  const auto start = Clock::now();
  auto model = load_model(inputs);
  const double load_seconds = seconds_since(start);
  Session session(std::move(model), name, tokens, quiet);
  session.load_seconds_ = load_seconds;
  if (!quiet && tokens >= kTokensForCeiling) session.progress_->ceiling(ceiling_tokens_per_s(inputs.plan(tokens)));
  session.start_ = Clock::now();
  return session;
}

void Session::forward(const at::Tensor& ids, model::Taps& taps) {
  if (!holds_interrupts_) check_interrupt();
  naming_memory(pass_of(ids.size(0), ids.size(1)), [&] { model_.forward(ids, taps); });
  count(ids.numel(), 0, taps);
}

void Session::resume(const model::Start& start, model::Taps& taps) {
  if (!holds_interrupts_) check_interrupt();
  naming_memory(pass_of(start.residual.size(0), start.residual.size(1)), [&] { model_.resume(start, taps); });
  count(start.residual.size(0) * start.residual.size(1), std::max<int64_t>(0, start.site.layer), taps);
}

/// A pass ends where nothing more is wanted.
void Session::count(int64_t all_tokens, int64_t first_layer, const model::Taps& taps) {
  const int64_t layers = model_.config().n_layers;
  int64_t last = first_layer;
  while (last < layers && taps.wanted_from({model::Point::resid_pre, last})) ++last;
  const double head = taps.wanted_from({model::Point::ln_final}) ? logits_in_layers(model_.config()) : 0;
  const double share = (static_cast<double>(last - first_layer) + head) / static_cast<double>(layers);
  const auto tokens = static_cast<int64_t>(share * static_cast<double>(all_tokens));
  if (tokens_ == 0) {
    model::synchronize(model_.device());
    first_pass_seconds_ = seconds_since(start_);
  }
  tokens_ += tokens;
  if (progress_) progress_->add(tokens);
}

Timing Session::timing() const {
  return {load_seconds_, first_pass_seconds_, seconds_since(start_), tokens_};
}

}  // namespace sinkscope::app
