#include "sinkscope/trials/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <system_error>

#include "sinkscope/error.h"

namespace sinkscope::trials {

namespace {

std::optional<std::filesystem::file_time_type> written_at(const std::filesystem::path& file) {
  std::error_code missing;
  const auto time = std::filesystem::last_write_time(file, missing);
  return missing ? std::nullopt : std::optional(time);
}

}  // namespace

Ending Ending::of(const std::filesystem::path& out) {
  return {out, written_at(out)};
}

bool Ending::is_there() const {
  return written_at(file) != before;
}

constexpr int64_t kFirstOrdinary = 4, kLastOrdinary = 8;

void add_run_options(CLI::App& app, Options& o) {
  o.run.samples = kSamples;
  o.run.length = kLength;
  app::add_run_options(app, o.run);
}

void add_options(CLI::App& app, Options& o) {
  add_run_options(app, o);
  app.add_option("--layer", o.layer, "read the sink at this layer; -1: where it appears")
      ->capture_default_str()
      ->check(CLI::Range(-1, 1 << 20));
  app.add_option("--controls", o.controls,
                 "random moves of the edit's size beside each trial; a causal claim needs 100")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--other-token", o.other_token, "position of the control that makes the same edit elsewhere")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 24));
  app.add_option("--equivalence", o.equivalence, "'no effect': interval within this share of the unedited sink")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--no-loss", o.no_loss, "end the passes after the last attention that is read");
  app.add_flag("--no-frozen", o.no_frozen, "do not repeat residual edits with the norms' scales frozen");
}

void add_token_option(CLI::App& app, int64_t& token, int64_t least) {
  app.add_option("--token", token, "the later token, k")
      ->capture_default_str()
      ->check(CLI::Range(least, int64_t{1} << 24));
}

void add_sharing_options(CLI::App& app, Options& o) {
  app.add_option("--shard", o.shard,
                 "i/n: be one of n processes, counted from 0, that share the trials by files beside --out; 0 chooses "
                 "them and writes the result")
      ->group("Shards");
  app.add_option("--patience", o.patience,
                 "seconds without a new record after which shard 0 makes the other shards' trials itself")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str()
      ->group("Shards");
}

std::vector<int64_t> Keys::all() const {
  auto keys = tracked;
  keys.insert(keys.end(), ordinary.begin(), ordinary.end());
  return keys;
}

std::vector<int64_t> Keys::first_queries(int64_t q_min) const {
  const int64_t shared = std::max(q_min, *std::max_element(tracked.begin(), tracked.end()) + 1);
  std::vector<int64_t> first(tracked.size(), shared);
  for (const int64_t token : ordinary) first.push_back(std::max(shared, token + 1));
  return first;
}

Keys keys_for(const std::vector<int64_t>& tracked, const std::vector<int64_t>& edited, int64_t other_token,
              const app::Run& r) {
  if (tracked.empty() || tracked.front() != 0) {
    throw InputError(fmt::format("tracked tokens {}: expected token 0 first, with which the others are compared",
                                 fmt::join(tracked, ",")));
  }
  const auto shortest = std::min_element(r.lengths().begin(), r.lengths().end());
  const auto need = [&](int64_t token, const char* what) {
    if (token >= 0 && token + 2 <= *shortest) return;
    throw InputError(fmt::format("{} {}: expected samples of {} tokens or more, sample {} has {}", what, token,
                                 token + 2, shortest - r.lengths().begin(), *shortest));
  };
  for (const int64_t token : tracked) need(token, "attention to token");
  for (const int64_t token : edited) need(token, "edit of token");
  need(other_token, "edit of token");
  need(r.options().q_min - 1, "--q-min after token");
  Keys keys{tracked, {}};
  const auto is_in = [](const std::vector<int64_t>& list, int64_t token) {
    return std::find(list.begin(), list.end(), token) != list.end();
  };
  for (int64_t token = kFirstOrdinary; token + 2 <= *shortest; ++token) {
    if (token > kLastOrdinary && !keys.ordinary.empty()) break;
    if (!is_in(tracked, token) && !is_in(edited, token)) keys.ordinary.push_back(token);
  }
  if (keys.ordinary.empty()) {
    throw InputError(
        fmt::format("samples of {} tokens: the level of an ordinary token needs one from {} on that is "
                    "neither tracked nor edited, and a query after it",
                    *shortest, kFirstOrdinary));
  }
  return keys;
}

}  // namespace sinkscope::trials
