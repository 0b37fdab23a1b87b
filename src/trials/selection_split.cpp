#include "sinkscope/trials/selection_split.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>
#include <map>
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

/// The documents of each text, in the order of the texts.
std::map<int64_t, std::set<int64_t>> documents_by_text(const text::Samples& samples) {
  std::map<int64_t, std::set<int64_t>> by_text;
  for (size_t i = 0; i < samples.documents.size(); ++i)
    by_text[samples.text_of.empty() ? 0 : samples.text_of[i]].insert(samples.documents[i]);
  return by_text;
}

void check_enough(size_t documents, const text::Samples& samples, int64_t text) {
  if (documents >= 4) return;
  throw InputError(
      fmt::format("samples of {} documents{}: candidates are chosen on half of the documents and tested "
                  "on the others; expected 4 or more",
                  documents, samples.texts.empty() ? "" : " of " + samples.texts.at(static_cast<size_t>(text)).name));
}

}  // namespace

SelectionSplit undivided(int64_t samples) {
  const auto all = at::arange(samples);
  return {all, all};
}

SelectionSplit draw_split(const text::Samples& samples, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::set<int64_t> chosen;
  size_t left_over = 0;  // of texts with an odd number of documents every second one gives the half that chooses more
  for (const auto& [text, distinct] : documents_by_text(samples)) {
    check_enough(distinct.size(), samples, text);
    std::vector<int64_t> order(distinct.begin(), distinct.end());
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[generator() % i]);
    const size_t half = (order.size() + left_over) / 2;
    left_over = (order.size() + left_over) % 2;
    chosen.insert(order.begin(), order.begin() + static_cast<int64_t>(half));
  }
  return {samples_of(samples.documents, chosen, true), samples_of(samples.documents, chosen, false)};
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
