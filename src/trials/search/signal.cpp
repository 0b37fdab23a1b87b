#include "sinkscope/trials/search/signal.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::trials::search {

using intervene::Edit;
using intervene::Operation;

int64_t Signal::rank() const {
  return is_directions() ? basis.size(0) : static_cast<int64_t>(dimensions.size());
}

int64_t Signal::support(int64_t d_model) const {
  return dimensions.empty() ? d_model : static_cast<int64_t>(dimensions.size());
}

Signal along(const at::Tensor& shift) {
  return {.basis = (shift / shift.norm().clamp_min(1e-20)).to(at::kFloat).unsqueeze(0).to(at::kCPU)};
}

std::string name(const Signal& signal) {
  if (signal.is_directions()) {
    const auto directions =
        signal.rank() == 1 ? std::string("a direction") : fmt::format("{} directions", signal.rank());
    return signal.dimensions.empty() ? directions
                                     : fmt::format("{} in {} channels", directions, signal.dimensions.size());
  }
  if (signal.dimensions.empty()) return "the whole vector";
  constexpr size_t kSpelled = 16;
  if (signal.dimensions.size() > kSpelled) return fmt::format("{} channels", signal.dimensions.size());
  return fmt::format("channel{} {}", signal.dimensions.size() > 1 ? "s" : "", fmt::join(signal.dimensions, ", "));
}

nlohmann::json to_json(const Signal& signal) {
  return {{"dimensions", signal.dimensions}, {"rank", signal.rank()}, {"directions", signal.is_directions()}};
}

std::vector<int64_t> parse_channels(const std::string& list, const model::Config& config) {
  if (list.empty()) return {};
  std::vector<int64_t> channels;
  for (const int64_t d : parse_int_list(list, "--dimensions")) {
    if (d < 0 || d >= config.d_model) {
      throw InputError(
          fmt::format("--dimensions: {}: the residual has {} (0 to {})", d, config.d_model, config.d_model - 1));
    }
    if (std::count(channels.begin(), channels.end(), d) == 0) channels.push_back(d);
  }
  return channels;
}

Signal joined(const std::vector<Signal>& parts) {
  Signal all;
  for (const auto& part : parts) {
    if (part.is_directions()) return part;
    all.dimensions.insert(all.dimensions.end(), part.dimensions.begin(), part.dimensions.end());
  }
  std::sort(all.dimensions.begin(), all.dimensions.end());
  return all;
}

namespace {

Edit with(const Signal& signal, Edit edit) {
  if (!signal.is_directions()) edit.dimensions = signal.dimensions;
  edit.basis = signal.basis;
  return edit;
}

}  // namespace

Edit level_of(const model::Site& site, const Signal& signal, int64_t from, int64_t to) {
  return with(signal, edit_from(site, to, Operation::mean, {.site = site, .tokens = {from}}));
}

Edit own_of(const model::Site& site, const Signal& signal, int64_t from, int64_t to) {
  return with(signal, edit_from(site, to, Operation::copy, {.site = site, .tokens = {from}}));
}

Edit copy_of(const model::Site& site, const Signal& signal, const std::string& run, int64_t token) {
  return with(signal, edit_from(site, token, Operation::copy, {.run = run, .site = site}));
}

at::Tensor mean_coordinates(const Signal& signal, const at::Tensor& rows) {
  return intervene::coordinates(with(signal, {}), rows).to(at::kDouble).mean(0).to(at::kCPU);
}

}  // namespace sinkscope::trials::search
