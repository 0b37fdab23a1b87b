#include "experiments/identify/later_tokens.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "sinkscope/error.h"
#include "sinkscope/measure/attention_by_key.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments::identification {
namespace {

using model::Point;

constexpr int64_t kQueries = 8;  // after a token, for a mean of what it gets
constexpr double kCosine = 0.9;
constexpr int64_t kLayers = 4;  // in a row, and more

/// [L, ..] int64: how many layers are true without a break up to each one, from below or from above.
enum class From { below, above };
at::Tensor unbroken(const at::Tensor& by_layer, From from) {
  auto counts = at::zeros(by_layer.sizes(), at::kLong);
  auto so_far = at::zeros_like(counts[0]);
  const int64_t L = by_layer.size(0);
  for (int64_t i = 0; i < L; ++i) {
    const int64_t layer = from == From::below ? i : L - 1 - i;
    so_far = (so_far + 1) * by_layer[layer];
    counts[layer].copy_(so_far);
  }
  return counts;
}

at::Tensor places_of(const app::Run& r) {
  const auto place = at::arange(r.longest()).unsqueeze(0);
  const auto length = at::tensor(r.lengths(), at::kLong).unsqueeze(1);
  return (place > 0).logical_and(place + kQueries < length);
}

}  // namespace

at::Tensor long_runs(const at::Tensor& by_layer) {
  const auto whole = unbroken(by_layer, From::below) + unbroken(by_layer, From::above) - 1;
  return by_layer.logical_and(whole > kLayers);
}

std::pair<at::Tensor, at::Tensor> run_around(const at::Tensor& by_layer, int64_t layer) {
  return {layer + 1 - unbroken(by_layer, From::below)[layer], layer - 1 + unbroken(by_layer, From::above)[layer]};
}

std::vector<int64_t> parse_later_sinks(const std::string& list, const app::Run& r) {
  if (list.empty()) return {};
  const auto shortest = *std::min_element(r.lengths().begin(), r.lengths().end());
  std::vector<int64_t> named;
  for (const int64_t token : parse_int_list(list, "--later-sinks")) {
    if (token < 1 || token + kQueries >= shortest) {
      throw InputError(fmt::format(
          "--later-sinks: {}: expected 1 to {}, a token after the first with {} queries after it in every sample; the "
          "shortest sample has {} tokens",
          token, shortest - kQueries - 1, kQueries, shortest));
    }
    if (std::count(named.begin(), named.end(), token) == 0) named.push_back(token);
  }
  return named;
}

LaterTokens read_later_tokens(trials::Runner& runner, const std::vector<int64_t>& named) {
  auto& r = runner.run();
  const int64_t T = r.longest(), L = r.config().n_layers;
  const auto& stages = runner.baseline().stages;
  std::vector<at::Tensor> close;  // [L, n, T] by batch
  std::vector<std::vector<at::Tensor>> attention(stages.size()), to_first(stages.size());
  for (const auto& batch : r.batches()) {
    model::Taps taps(r.config());
    close.push_back(at::zeros({L, batch.n, T}, at::kBool));
    for (int64_t layer = 0; layer < L; ++layer) {
      taps.read({Point::resid_post, layer}, [into = close.back()[layer]](const at::Tensor& x) mutable {  // [n, T, D]
        const auto rows = x.to(at::kFloat);
        into.copy_(at::cosine_similarity(rows, rows.slice(1, 0, 1), -1) > kCosine);
      });
    }
    std::vector<measure::AttentionByKey> by_key;
    for (const auto& stage : stages) by_key.emplace_back(stage.layer);
    for (auto& one : by_key) one.attach(taps, batch.lengths, T);
    r.forward(batch, taps);
    for (size_t i = 0; i < stages.size(); ++i) {
      attention[i].push_back(by_key[i].to_key());
      to_first[i].push_back(by_key[i].to_first());
    }
  }
  LaterTokens found{.places = places_of(r), .close = long_runs(at::cat(close, 1))};
  found.close.logical_and_(found.places);
  for (size_t i = 0; i < stages.size(); ++i) {
    found.attention.push_back(at::cat(attention[i]));
    found.to_first.push_back(at::cat(to_first[i]));
  }
  if (!named.empty()) found.named = at::zeros({T}, at::kBool).index_fill_(0, at::tensor(named, at::kLong), true);
  return found;
}

}  // namespace sinkscope::experiments::identification
