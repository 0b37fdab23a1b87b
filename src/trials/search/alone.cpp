#include "sinkscope/trials/search/alone.h"

#include <fmt/format.h>

#include <numeric>

#include "sinkscope/trials/search/search.h"

namespace sinkscope::trials::search {

std::string Alone::run() const {
  return fmt::format("token {} self-only in layers 0 to {}", token, last);
}

std::string Alone::all_run() const {
  return fmt::format("every token self-only in layers 0 to {}", last);
}

std::vector<int64_t> Alone::layers() const {
  std::vector<int64_t> first(static_cast<size_t>(last) + 1);
  std::iota(first.begin(), first.end(), int64_t{0});
  return first;
}

intervene::AttentionCondition Alone::condition() const {
  return intervene::self_only({token}, layers());
}

intervene::Runs alone_runs(int64_t token, int64_t layers) {
  intervene::Runs runs;
  for (int64_t last = 0; last < layers; ++last) {
    const Alone alone{token, last};
    runs[alone.run()] = alone.condition();
    runs[alone.all_run()] = intervene::all_self_only(alone.layers());
  }
  return runs;
}

Alone find_alone(Runner& r, int64_t token) {
  Alone alone{token};
  const double unedited = level(r.unedited_probe(), 0).first;
  for (; alone.last < std::max<int64_t>(r.sink_layer(), 1); ++alone.last) {
    const auto outcome =
        r.probe({.name = alone.run(), .role = intervene::Role::condition, .attention = alone.condition()});
    alone.makes_sink = makes_sink(level(outcome, 1), unedited);
    if (alone.makes_sink) return alone;
  }
  --alone.last;
  return alone;
}

}  // namespace sinkscope::trials::search
