#include "sinkscope/model/taps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "sinkscope/error.h"

namespace sinkscope::model {

Taps::Taps(const Config& config)
    : config_(config),
      attention_(config.n_layers),
      columns_(config.n_layers),
      q_positions_(config.n_layers),
      k_positions_(config.n_layers) {}

void Taps::check_site(const Site& site) const {
  if (in_block(site.point)) {
    check_layer(site.layer, config_);
    check_exists(site.point, config_, name(site));
  } else if (site.layer != -1) {
    throw InputError(fmt::format("{} belongs to no layer, layer {} was given", info(site.point).name, site.layer));
  }
}

std::vector<int64_t> Taps::layers_or_all(const std::vector<int64_t>& layers) const {
  if (!layers.empty()) {
    for (const int64_t layer : layers) check_layer(layer, config_);
    return layers;
  }
  std::vector<int64_t> all(config_.n_layers);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

void Taps::edit(const Site& site, Edit f) {
  check_site(site);
  sites_[site].edits.push_back(std::move(f));
}

void Taps::read(const Site& site, Read f) {
  check_site(site);
  sites_[site].reads.push_back(std::move(f));
}

void Taps::positions(std::vector<int64_t> position_of_token, RotaryOf which, std::vector<int64_t> layers) {
  for (size_t token = 0; token < position_of_token.size(); ++token) {
    if (const int64_t p = position_of_token[token]; p < 0 || p >= config_.max_positions) {
      throw InputError(fmt::format("rotary position {} of token {}: expected 0 to {} (max_position_embeddings - 1)", p,
                                   token, config_.max_positions - 1));
    }
  }
  for (const int64_t layer : layers_or_all(layers)) {
    if (which != RotaryOf::key) q_positions_[layer] = position_of_token;
    if (which != RotaryOf::query) k_positions_[layer] = position_of_token;
  }
}

void Taps::attention(const AttentionChange& change, const std::vector<int64_t>& layers) {
  for (const int64_t layer : layers_or_all(layers)) attention_[layer].merge(change);
}

void Taps::columns(int64_t layer, std::vector<int64_t> keys, Read f) {
  check_layer(layer, config_);
  if (keys.empty()) throw InputError(fmt::format("attention columns of layer {}: no keys were given", layer));
  columns_[layer].push_back({std::move(keys), std::move(f)});
}

at::Tensor Taps::operator()(const Site& site, at::Tensor x) {
  const auto found = sites_.find(site);
  if (found == sites_.end()) return x;
  for (const auto& edit : found->second.edits) {
    auto changed = edit(x);
    if (changed.sizes() != x.sizes() || changed.scalar_type() != x.scalar_type()) {
      throw std::logic_error(fmt::format("edit at {} gave [{}] {}; expected [{}] {}", name(site),
                                         fmt::join(changed.sizes(), ", "), toString(changed.scalar_type()),
                                         fmt::join(x.sizes(), ", "), toString(x.scalar_type())));
    }
    x = std::move(changed);
  }
  for (const auto& read : found->second.reads) read(x);
  found->second.fired = true;
  return x;
}

bool Taps::edited(const Site& site) const {
  const auto found = sites_.find(site);
  return found != sites_.end() && !found->second.edits.empty();
}

bool Taps::wanted(const Site& site) const {
  return sites_.contains(site);
}

bool Taps::columns_from(const Site& site) const {
  const int64_t first = site.point == Point::embed ? 0
                        : in_block(site.point)     ? site.layer + (site.point > Point::pattern)
                                                   : config_.n_layers;
  for (int64_t layer = first; layer < config_.n_layers; ++layer) {
    if (!columns_[layer].empty()) return true;
  }
  return false;
}

bool Taps::wanted_from(const Site& site) const {
  return sites_.lower_bound(site) != sites_.end() || columns_from(site);
}

const AttentionChange& Taps::attention_of(int64_t layer) const {
  return attention_[layer];
}

const std::vector<Taps::Column>& Taps::columns_of(int64_t layer) const {
  return columns_[layer];
}

const std::vector<int64_t>& Taps::positions_of(int64_t layer, RotaryOf which) const {
  return which == RotaryOf::key ? k_positions_[layer] : q_positions_[layer];
}

void Taps::check(int64_t T) const {
  for (int64_t layer = 0; layer < config_.n_layers; ++layer) {
    check_tokens(attention_[layer], T, layer);
    for (const auto& column : columns_[layer]) {
      for (const int64_t key : column.keys) {
        if (key < 0 || key >= T) {
          throw InputError(
              fmt::format("attention column of token {}: samples have {} tokens (0 to {})", key, T, T - 1));
        }
      }
    }
    for (const auto* positions : {&q_positions_[layer], &k_positions_[layer]}) {
      if (!positions->empty() && static_cast<int64_t>(positions->size()) != T) {
        throw InputError(fmt::format("rotary positions for {} tokens, samples have {}", positions->size(), T));
      }
    }
  }
  for (auto tap = sites_.begin(); tap != sites_.end(); ++tap) {
    const bool seen = columns_from(tap->first) ||
                      std::any_of(tap, sites_.end(), [](const auto& later) { return !later.second.reads.empty(); });
    if (!seen) {
      throw InputError(fmt::format("the edit at {} comes after the last read: nothing would see it", name(tap->first)));
    }
  }
}

void Taps::check_fired() const {
  for (const auto& [site, taps] : sites_) {
    if (!taps.fired) throw std::logic_error(fmt::format("the tap at {} never fired", name(site)));
  }
}

}  // namespace sinkscope::model
