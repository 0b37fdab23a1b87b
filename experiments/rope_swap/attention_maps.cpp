#include "experiments/rope_swap/attention_maps.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::experiments {
namespace {

/// [query][key] with four digits, which is finer than a figure's colour.
nlohmann::json rounded(const at::Tensor& map) {
  auto rows = nlohmann::json::array();
  for (int64_t q = 0; q < map.size(0); ++q) {
    auto row = nlohmann::json::array();
    for (int64_t k = 0; k < map.size(1); ++k) row.push_back(std::round(map[q][k].item<double>() * 1e4) / 1e4);
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Rows before it see only keys before it, so the rest of the samples need not run.
int64_t map_length(const app::Run& r, int64_t length) {
  const auto& lengths = r.batches().front().lengths;
  return std::min({length, r.longest(), *std::min_element(lengths.begin(), lengths.end())});
}

}  // namespace

std::vector<Head> parse_heads(const std::string& list, const model::Config& config) {
  std::vector<Head> heads;
  if (list == "auto") return heads;
  for (const auto& part : split(list, ',')) {
    const auto ends = split(part, ':');
    if (ends.size() != 2) throw InputError(fmt::format("--map-heads: '{}' is not layer:head", part));
    const Head head{parse_int(ends[0], "--map-heads"), parse_int(ends[1], "--map-heads")};
    if (head.layer < 0 || head.layer >= config.n_layers || head.head < 0 || head.head >= config.n_heads) {
      throw InputError(fmt::format("--map-heads: {} is not in a model with {} layers of {} heads", part,
                                   config.n_layers, config.n_heads));
    }
    heads.push_back(head);
  }
  if (heads.empty()) throw InputError("--map-heads: the list is empty; expected layer:head pairs, or auto");
  return heads;
}

std::vector<Head> strongest_heads(const at::Tensor& score) {
  const int64_t layers = score.size(0);
  std::vector<Head> heads;
  for (int64_t third = 0; third < 3; ++third) {
    const int64_t begin = third * layers / 3, end = (third + 1) * layers / 3;
    if (begin == end) continue;
    const int64_t best = score.slice(0, begin, end).argmax().item<int64_t>();
    heads.push_back({begin + best / score.size(1), best % score.size(1)});
  }
  return heads;
}

nlohmann::json to_json(const std::vector<Head>& heads) {
  auto list = nlohmann::json::array();
  for (const auto& head : heads) list.push_back({{"layer", head.layer}, {"head", head.head}});
  return list;
}

int64_t map_tokens(const app::Run& r, int64_t length) {
  return r.batches().front().n * map_length(r, length);
}

nlohmann::json head_maps(app::Run& r, const std::vector<Head>& heads, int64_t length,
                         const intervene::Positions& positions) {
  const auto& batch = r.batches().front();
  const int64_t cut = map_length(r, length);
  std::vector<at::Tensor> maps(heads.size());
  model::Taps taps(r.config());
  taps.positions({positions.begin(), positions.begin() + cut});
  std::set<int64_t> layers;
  for (const auto& head : heads) layers.insert(head.layer);
  for (const int64_t layer : layers) {
    taps.read({model::Point::pattern, layer}, [&, layer](const at::Tensor& pattern) {  // [n, H, T, T]
      for (size_t i = 0; i < heads.size(); ++i) {
        if (heads[i].layer == layer) maps[i] = pattern.select(1, heads[i].head).mean(0).to(at::kCPU, at::kDouble);
      }
    });
  }
  r.forward(batch.ids.slice(1, 0, cut), taps);
  auto list = nlohmann::json::array();
  for (const auto& map : maps) list.push_back(rounded(map));
  return list;
}

}  // namespace sinkscope::experiments
