#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "sinkscope/error.h"
#include "sinkscope/model/points.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::model {
namespace {

struct LayerName {
  int64_t layer;
  std::string rest;  // after "blocks.6." or "model.layers.6."; empty for the whole layer
};

std::optional<LayerName> split_layer(const std::string& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  const char* begin = text.data() + prefix.size();
  const char* end = text.data() + text.size();
  LayerName found{};
  const auto [after, error] = std::from_chars(begin, end, found.layer);
  if (error != std::errc{} || (after != end && *after != '.')) return std::nullopt;
  found.rest = after == end ? "" : std::string(after + 1, end);
  return found;
}

void check_layer(const std::string& text, int64_t layer, const Config& config) {
  if (layer < 0 || layer >= config.n_layers) {
    throw InputError(fmt::format("site '{}': layer {} of a model with {} layers (0 to {})", text, layer,
                                 config.n_layers, config.n_layers - 1));
  }
}

std::optional<Site> find(const std::string& text, const Config& config) {
  for (const auto& point : points()) {
    if (!in_block(point.point) && (text == point.name || text == point.alias)) return Site{point.point};
  }
  if (const auto lens = split_layer(text, "blocks.")) {
    for (const auto& point : points()) {
      if (!in_block(point.point) || lens->rest != point.name) continue;
      check_exists(point.point, config, text);
      check_layer(text, lens->layer, config);
      return Site{point.point, lens->layer};
    }
  }
  if (const auto module = split_layer(text, "model.layers.")) {
    for (const auto& point : points()) {
      const bool whole = module->rest.empty() && point.point == Point::resid_post;
      if (!whole && (!in_block(point.point) || point.alias.empty() || module->rest != point.alias)) continue;
      check_exists(point.point, config, text);
      check_layer(text, module->layer, config);
      return Site{point.point, module->layer};
    }
  }
  return std::nullopt;
}

std::vector<std::string> names_of(const std::vector<Site>& sites) {
  std::vector<std::string> names;
  for (const auto& site : sites) names.push_back(name(site));
  return names;
}

std::vector<Site> match(const std::string& pattern, const Config& config) {
  if (pattern != "all" && pattern.find_first_of("*?[") == std::string::npos) return {parse_site(pattern, config)};
  std::vector<Site> found;
  for (const auto& site : all_sites(config)) {
    if (pattern == "all" || fnmatch(pattern.c_str(), name(site).c_str(), 0) == 0) found.push_back(site);
  }
  if (found.empty())
    throw InputError(fmt::format("site pattern '{}' matches no hook point; see sinkscope hooks", pattern));
  return found;
}

}  // namespace

Site parse_site(const std::string& text, const Config& config) {
  if (const auto site = find(text, config)) return *site;
  throw InputError(fmt::format("no hook point is named '{}'; the nearest is '{}'", text,
                               nearest(text, names_of(all_sites(config)))));
}

std::vector<Site> parse_sites(const std::string& list, const Config& config) {
  std::vector<Site> sites;
  for (size_t start = 0; start <= list.size();) {
    const size_t comma = std::min(list.find(',', start), list.size());
    for (const auto& site : match(list.substr(start, comma - start), config)) {
      if (std::find(sites.begin(), sites.end(), site) == sites.end()) sites.push_back(site);
    }
    start = comma + 1;
  }
  std::sort(sites.begin(), sites.end(), before);
  return sites;
}

}  // namespace sinkscope::model
