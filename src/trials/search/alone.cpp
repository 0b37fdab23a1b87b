#include "sinkscope/trials/search/alone.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sinkscope/trials/search/search.h"

namespace sinkscope::trials::search {

std::string Alone::run() const {
  return fmt::format("token {} self-only in layers 0 to {}", token, last);
}

std::string Alone::all_run() const {
  return fmt::format("every token self-only in layers 0 to {}", last);
}

std::string Alone::spec() const {
  return fmt::format("layers=0-{};tokens={}", last, token);
}

std::string Alone::one_key_spec(int64_t key) const {
  std::vector<std::string> blocked;
  for (int64_t other = 0; other <= token; ++other) {
    if (other != key) blocked.push_back(fmt::format("{}>{}", token, other));
  }
  return fmt::format("layers=0-{};block={}", last, fmt::join(blocked, ","));
}

intervene::Runs alone_runs(int64_t token, int64_t layers) {
  intervene::Runs runs;
  for (int64_t last = 0; last < layers; ++last) {
    const Alone alone{token, last};
    runs[alone.run()] = alone.spec();
    runs[alone.all_run()] = fmt::format("layers=0-{};tokens=all", last);
  }
  return runs;
}

Alone find_alone(Runner& r, int64_t token) {
  Alone alone{token};
  const double unedited = level(r.unedited_probe(), 0).first;
  for (; alone.last < std::max<int64_t>(r.sink_layer(), 1); ++alone.last) {
    const auto outcome = r.probe({.name = alone.run(), .attention = alone.spec()});
    alone.makes_sink = makes_sink(level(outcome, 1), unedited);
    if (alone.makes_sink) return alone;
  }
  --alone.last;
  return alone;
}

}  // namespace sinkscope::trials::search
