#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "model/families/tensor_table.h"
#include "sinkscope/error.h"
#include "sinkscope/model/points.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::model {
namespace {

/// The first part of a dotted name that is a number, as the layer.
std::optional<int64_t> layer_in(const std::string& text) {
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('.', start), text.size());
    int64_t layer = 0;
    const auto [after, error] = std::from_chars(text.data() + start, text.data() + end, layer);
    if (error == std::errc{} && after == text.data() + end) return layer;
    start = end + 1;
  }
  return std::nullopt;
}

/// A point's name or that of the module whose output it is, at the layer that the text has.
std::optional<Site> find(const std::string& text, const Config& config) {
  const auto layer = layer_in(text);
  for (const auto& point : points()) {
    const bool layered = in_block(point.point);
    if (layered && !layer) continue;
    const Site site{point.point, layered ? *layer : -1};
    const auto module = module_of(point.point, config);
    if (text != name(site) && (module.empty() || text != fmt::format(fmt::runtime(module), site.layer))) continue;
    check_exists(point.point, config, text);
    if (layered) check_layer(site.layer, config, fmt::format("site '{}'", text));
    return site;
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
