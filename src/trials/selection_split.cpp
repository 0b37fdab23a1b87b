#include "sinkscope/trials/selection_split.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>
#include <random>
#include <set>

#include "sinkscope/error.h"

namespace sinkscope::trials {
namespace {

at::Tensor samples_of(const std::vector<int64_t>& documents, const std::set<int64_t>& chosen, bool inside) {
  std::vector<int64_t> samples;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (chosen.contains(documents[i]) == inside) samples.push_back(static_cast<int64_t>(i));
  }
  return at::tensor(samples, at::kLong);
}

}  // namespace

SelectionSplit undivided(int64_t samples) {
  const auto all = at::arange(samples);
  return {all, all};
}

SelectionSplit draw_split(const std::vector<int64_t>& documents, uint64_t seed) {
  const std::set<int64_t> distinct(documents.begin(), documents.end());
  if (distinct.size() < 4) {
    throw InputError(
        fmt::format("samples of {} documents: candidates are chosen on half of the documents and tested "
                    "on the others; expected 4 or more",
                    distinct.size()));
  }
  std::vector<int64_t> order(distinct.begin(), distinct.end());
  std::mt19937_64 generator(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[generator() % i]);
  const std::set<int64_t> chosen(order.begin(), order.begin() + static_cast<int64_t>(order.size() / 2));
  return {samples_of(documents, chosen, true), samples_of(documents, chosen, false)};
}

Outcome spread(Outcome outcome, const at::Tensor& samples, int64_t count) {
  for (auto* tensor : {&outcome.attention, &outcome.massive, &outcome.loss, &outcome.written, &outcome.frozen,
                       &outcome.moved, &outcome.condition, &outcome.random}) {
    if (!tensor->defined()) continue;
    auto shape = tensor->sizes().vec();
    shape[0] = count;
    *tensor =
        at::full(shape, std::numeric_limits<double>::quiet_NaN(), tensor->options()).index_copy(0, samples, *tensor);
  }
  return outcome;
}

}  // namespace sinkscope::trials
