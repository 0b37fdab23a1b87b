// mix-dose: how much mixing can the first-token signal survive?
//
// Edit, in the attention of --layers. Dose: row k lies between its softmax and itself alone, A[k,:] = (1 - t) softmax +
// t one-hot(k); the heads' output is linear in the row, so it moves by t towards what it is when k sees only itself.
// (Behind the first of several layers t moves it towards the run in which k sees only itself in all of them.)
// Predecessors: row p sees the m tokens before it and itself. One key: row k sees one other token alone; beside it, row
// k sees itself alone. Mean: token 0's heads' output is the mean of what tokens 0 to m-1 have when each sees only
// itself. Repeated: tokens 1 to k get token 0's embedding; distinct: they get those of tokens k+1 to 2k, one each.
// Reading: attention to tokens k, p and 0 by the same queries, and the massive activation. The dose from which k is a
// sink and the m up to which p and 0 are one say how sharp the signal is. If one other key gives it to k as well as
// itself does, it is "unmixed", not "itself". Repeats must be sinks and distinct tokens not, if mixing is what counts
// and not the number of keys (Yona et al. 2025, arXiv 2503.08908). Source: experiment B6 of the project's list.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <numeric>

#include "commands/command.h"
#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/spelling/number_list.h"
#include "sinkscope/trials/edited_layers.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments {
namespace {

using intervene::Edit;
using intervene::Operation;
using intervene::Role;
using intervene::Trial;
using model::Point;
using nlohmann::json;

constexpr char kAlone[] = "token alone", kAllAlone[] = "every token alone";

struct Options {
  trials::Options trials;
  int64_t token = 8, predecessors_token = 33;
  std::string layers = "0", doses = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1", predecessors = "0,1,2,4,8,16,32";
  std::string one_key = "1", means = "1,2,4,8,16,32";
};

/// The lists of the options, checked.
struct Lists {
  std::vector<int64_t> layers = {};
  std::vector<double> doses = {};
  std::vector<int64_t> predecessors = {}, one_key = {}, means = {};
};

std::vector<int64_t> from_to(int64_t first, int64_t last) {
  std::vector<int64_t> tokens(last - first + 1);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

json about(const char* part, int64_t at, const json& value = {}) {
  return {{"part", part}, {"at", at}, {"value", value}};
}

void add_doses(std::vector<Trial>& to, const Lists& lists, int64_t token) {
  for (const double dose : lists.doses) {
    std::vector<Edit> edits;
    for (const int64_t layer : lists.layers) {
      const model::Site z{Point::z, layer};
      edits.push_back(trials::edit_from(z, token, Operation::copy, {.run = kAlone, .site = z}));
      edits.back().dose = dose;
    }
    to.push_back({.name = fmt::format("token {} by {} alone", token, dose),
                  .role = Role::copy,
                  .about = about("dose", token, dose),
                  .edits = edits});
  }
}

void add_predecessors(std::vector<Trial>& to, const Lists& lists, int64_t token) {
  for (const int64_t count : lists.predecessors) {
    to.push_back({.name = fmt::format("token {} sees {} before it", token, count),
                  .role = Role::condition,
                  .about = about("predecessors", token, count),
                  .attention = intervene::sees_only(token, from_to(token - count, token), lists.layers)});
  }
}

void add_one_key(std::vector<Trial>& to, const Lists& lists, int64_t token) {
  to.push_back({.name = fmt::format("token {} sees itself alone", token),
                .role = Role::condition,
                .about = about("itself", token),
                .attention = intervene::sees_only(token, {token}, lists.layers)});
  for (const int64_t key : lists.one_key) {
    to.push_back({.name = fmt::format("token {} sees token {} alone", token, key),
                  .role = Role::condition,
                  .about = about("one key", token, key),
                  .attention = intervene::sees_only(token, {key}, lists.layers)});
  }
}

void add_means(std::vector<Trial>& to, const Lists& lists) {
  for (const int64_t count : lists.means) {
    std::vector<Edit> edits;
    for (const int64_t layer : lists.layers) {
      const model::Site z{Point::z, layer};
      edits.push_back(
          trials::edit_from(z, 0, Operation::copy, {.run = kAllAlone, .site = z, .tokens = from_to(0, count - 1)}));
    }
    to.push_back({.name = fmt::format("token 0 gets the mean of {} tokens", count),
                  .role = Role::copy,
                  .about = about("mean", 0, count),
                  .edits = edits});
  }
}

void add_repeated(std::vector<Trial>& to, int64_t token) {
  const model::Site embed{Point::embed};
  auto repeated = trials::edit_from(embed, token, Operation::copy, {.site = embed, .tokens = {0}});
  repeated.tokens = from_to(1, token);
  to.push_back({.name = fmt::format("tokens 1 to {} repeat token 0", token),
                .role = Role::copy,
                .about = about("repeated", token),
                .edits = {repeated}});
  std::vector<Edit> distinct;
  for (int64_t at = 1; at <= token; ++at) {
    distinct.push_back(trials::edit_from(embed, at, Operation::copy, {.site = embed, .tokens = {token + at}}));
  }
  to.push_back({.name = fmt::format("tokens 1 to {} get tokens {} to {}", token, token + 1, 2 * token),
                .role = Role::control,
                .about = about("distinct", token),
                .edits = distinct});
}

void check_numbers(const std::vector<int64_t>& numbers, int64_t first, int64_t last, const std::string& what) {
  for (const int64_t number : numbers) {
    if (number >= first && number <= last) continue;
    throw InputError(fmt::format("{}: {} is not one of {} to {}", what, number, first, last));
  }
}

Lists parse(const Options& o) {
  Lists lists{.doses = parse_number_list(o.doses, "--doses"),
              .predecessors = parse_int_list(o.predecessors, "--predecessors"),
              .one_key = parse_int_list(o.one_key, "--one-key"),
              .means = parse_int_list(o.means, "--means")};
  for (const double dose : lists.doses) {
    if (dose <= 0 || dose > 1)
      throw InputError(fmt::format("--doses: expected numbers above 0 up to 1, found {}", dose));
  }
  const int64_t p = o.predecessors_token;
  check_numbers(lists.predecessors, 0, p - 1, fmt::format("--predecessors: fewer than token {} has", p));
  check_numbers(lists.one_key, 0, o.token - 1, fmt::format("--one-key: other keys that token {} sees", o.token));
  check_numbers(lists.means, 1, 1 << 24, "--means");
  return lists;
}

/// Throws InputError that names the option where a sample is too short for it.
void check_lengths(const Options& o, const Lists& lists, const app::Run& r) {
  const auto shortest = std::min_element(r.lengths().begin(), r.lengths().end());
  const auto need = [&](int64_t length, const std::string& what) {
    if (length <= *shortest) return;
    throw InputError(fmt::format("{}: expected samples of {} tokens or more, sample {} has {}", what, length,
                                 shortest - r.lengths().begin(), *shortest));
  };
  need(o.predecessors_token + 2, fmt::format("--predecessors-token {}", o.predecessors_token));
  need(2 * o.token + 1, fmt::format("--token {}, with as many distinct tokens after it", o.token));
  const int64_t most = *std::max_element(lists.means.begin(), lists.means.end());
  need(most, fmt::format("--means {}", most));
}

std::vector<Trial> make(const Options& o, const Lists& lists) {
  std::vector<Trial> made;
  add_doses(made, lists, o.token);
  add_predecessors(made, lists, o.predecessors_token);
  add_one_key(made, lists, o.token);
  add_means(made, lists);
  add_repeated(made, o.token);
  return made;
}

void run(const Options& o, const CLI::App& command) {
  auto lists = parse(o);
  app::Run r(o.trials.run, command);
  lists.layers = trials::parse_layers(o.layers, r.config());
  check_lengths(o, lists, r);
  std::vector<int64_t> tokens{0, o.token};
  if (o.predecessors_token != o.token) tokens.push_back(o.predecessors_token);
  const auto made = make(o, lists);
  trials::run(r, o.trials,
              {.design = {.tracked = tokens,
                          .edited = tokens,
                          .runs = {{kAlone, intervene::self_only({o.token}, lists.layers)},
                                   {kAllAlone, intervene::all_self_only(lists.layers)}},
                          .trials = static_cast<double>(made.size()),
                          .last_layer = lists.layers.back()},
               .make = [&](trials::Runner& runner) {
                 trials::check_before_sink(lists.layers, runner.sink_layer());
                 return made;
               }});
}

}  // namespace

commands::Command mix_dose() {
  return {
      "mix-dose", "how much mixing can the first-token signal survive?",
      [](CLI::App& app) {
        auto o = std::make_shared<Options>();
        trials::add_options(app, o->trials);
        trials::add_sharing_options(app, o->trials);
        trials::add_token_option(app, o->token);
        app.add_option("--layers", o->layers, "layers whose attention is edited, together")->capture_default_str();
        app.add_option("--doses", o->doses, "shares of itself alone in row k")->capture_default_str();
        app.add_option("--predecessors", o->predecessors, "how many tokens before it row p sees")
            ->capture_default_str();
        app.add_option("--predecessors-token", o->predecessors_token, "the row p")
            ->capture_default_str()
            ->check(CLI::Range(1, 1 << 24));
        app.add_option("--one-key", o->one_key, "other keys that row k sees alone, one at a time")
            ->capture_default_str();
        app.add_option("--means", o->means, "over how many tokens token 0's output is averaged")->capture_default_str();
        app.callback([o, &app] { run(*o, app); });
      },
      commands::kMarks};
}

}  // namespace sinkscope::experiments
