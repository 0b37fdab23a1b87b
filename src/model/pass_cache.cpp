#include "sinkscope/model/pass_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace sinkscope::model {
namespace {

/// The tensors that a start wants: its own, and what an output is added to.
std::vector<Site> parts_of(const Site& start) {
  if (start.point == Point::attn_out) return {{Point::resid_pre, start.layer}, start};
  if (start.point == Point::mlp_out) return {{Point::resid_mid, start.layer}, start};
  return {start};
}

}  // namespace

Site start_of(const Site& site, const Config& config) {
  if (!in_block(site.point)) {
    return site.point == Point::embed ? site : Site{Point::mlp_out, config.n_layers - 1};
  }
  if (site.point < Point::attn_out) return {Point::resid_pre, site.layer};
  if (site.point == Point::attn_out) return site;
  if (site.point < Point::mlp_out) return {Point::resid_mid, site.layer};
  return {Point::mlp_out, site.layer};
}

PassCache::PassCache(const std::vector<Site>& starts) {
  for (const auto& start : starts) {
    for (const auto& part : parts_of(start)) tensors_[part];
  }
}

void PassCache::attach(Taps& taps) {
  for (auto& [site, tensor] : tensors_) {
    taps.read(site, [&into = tensor](const at::Tensor& x) { into = x; });
  }
}

bool PassCache::holds(const Site& start) const {
  const auto parts = parts_of(start);
  return std::all_of(parts.begin(), parts.end(), [&](const Site& part) { return tensors_.contains(part); });
}

Start PassCache::at(const Site& start) const {
  const auto tensor = [&](const Site& site) {
    const auto found = tensors_.find(site);
    if (found == tensors_.end() || !found->second.defined()) {
      throw std::logic_error(fmt::format("{} was not kept", name(site)));
    }
    return found->second;
  };
  const auto parts = parts_of(start);
  return {start, tensor(parts.front()), parts.size() > 1 ? tensor(parts.back()) : at::Tensor()};
}

}  // namespace sinkscope::model
