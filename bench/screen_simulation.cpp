// What screening finds and costs on simulated vocabularies: an id's score in a sample is its own effect plus noise, and
// what is to be found is the order of the means over all samples. The ratio of the effects' spread to the noise decides
// how much a pilot of a few samples knows. Prints one JSON object; bench/plot_screening.py draws it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <vector>

#include "sinkscope/measure/screen.h"

namespace {

using nlohmann::json;
namespace measure = sinkscope::measure;

constexpr double kMean = 0.56, kNoise = 0.02;  // a published mean; the ratio alone matters

struct Vocabulary {
  std::vector<double> full, pilot;  // mean over all samples, and over the pilot's
};

/// Effects are normal, or Student's t with 4 degrees of freedom scaled to the same spread.
Vocabulary simulate(size_t ids, int samples, int pilot, double ratio, bool heavy, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::student_t_distribution<double> student(4);
  Vocabulary v;
  for (size_t id = 0; id < ids; ++id) {
    const double effect = kMean + kNoise * ratio * (heavy ? student(random) / std::sqrt(2.0) : normal(random));
    double sum = 0, sum_of_pilot = 0;
    for (int sample = 0; sample < samples; ++sample) {
      const double score = effect + kNoise * normal(random);
      sum += score;
      if (sample < pilot) sum_of_pilot += score;
    }
    v.full.push_back(sum / samples);
    v.pilot.push_back(sum_of_pilot / pilot);
  }
  return v;
}

/// Share of the `top` ids by `full` that are `known` in full.
double recall(const std::vector<double>& full, const std::vector<char>& known, size_t top, bool largest) {
  std::vector<size_t> order(full.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::partial_sort(order.begin(), order.begin() + static_cast<int64_t>(top), order.end(),
                    [&](size_t a, size_t b) { return largest ? full[a] > full[b] : full[a] < full[b]; });
  size_t found = 0;
  for (size_t i = 0; i < top; ++i) found += known[order[i]];
  return static_cast<double>(found) / static_cast<double>(top);
}

json screen_once(const Vocabulary& v, size_t top, double pilot_share, uint64_t seed) {
  const size_t ids = v.full.size();
  std::vector<size_t> audit;
  std::mt19937_64 random(seed + 1);
  std::vector<char> known(ids);
  while (audit.size() < ids / 100) {
    const size_t id = random() % ids;
    if (!std::exchange(known[id], 1)) audit.push_back(id);
  }
  std::vector<std::vector<double>> features;
  for (const double pilot : v.pilot) features.push_back({pilot});
  std::vector<double> audit_score, exact(ids, std::nan(""));
  for (const size_t id : audit) audit_score.push_back(v.full[id]);
  const auto screen = measure::fit_screen(features, audit, audit_score);
  const auto refinement = measure::choose_refined(screen, audit, audit_score, {top, 4});
  for (const size_t id : refinement.ids) known[id] = 1;
  for (size_t id = 0; id < ids; ++id) {
    if (known[id]) exact[id] = v.full[id];
  }
  const auto spread = measure::corrected_spread(screen, exact);
  const double mean = std::accumulate(v.full.begin(), v.full.end(), 0.0) / static_cast<double>(ids);
  double squares = 0;
  for (const double score : v.full) squares += (score - mean) * (score - mean);
  const auto in_full = static_cast<double>(audit.size() + refinement.ids.size()) / static_cast<double>(ids);
  return {{"recall_top", recall(v.full, known, top, true)},
          {"recall_bottom", recall(v.full, known, top, false)},
          {"expected_misses", refinement.top.expected_misses + refinement.bottom.expected_misses},
          {"token_share", pilot_share + in_full},
          {"mean_error", (spread.mean - mean) / kNoise},
          {"sd_ratio", spread.sd / std::sqrt(squares / static_cast<double>(ids))},
          {"sd_ratio_of_predictions", spread.sd_of_predictions / std::sqrt(squares / static_cast<double>(ids))}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"recall and cost of screening on simulated vocabularies"};
  size_t ids = 151'669, top = 100;
  int samples = 32, seeds = 3;
  app.add_option("--ids", ids);
  app.add_option("--top", top);
  app.add_option("--samples", samples);
  app.add_option("--seeds", seeds);
  CLI11_PARSE(app, argc, argv);
  auto rows = json::array();
  for (const bool heavy : {false, true}) {
    for (const int pilot : {1, 2, 4}) {
      for (const double ratio : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0}) {
        for (int seed = 0; seed < seeds; ++seed) {
          const auto vocabulary = simulate(ids, samples, pilot, ratio, heavy, static_cast<uint64_t>(seed));
          auto row = screen_once(vocabulary, top, static_cast<double>(pilot) / samples, static_cast<uint64_t>(seed));
          row.update(
              {{"effects", heavy ? "t4" : "normal"}, {"pilot_samples", pilot}, {"ratio", ratio}, {"seed", seed}});
          rows.push_back(row);
        }
      }
    }
  }
  std::cout << json{{"ids", ids}, {"samples", samples}, {"top", top}, {"rows", rows}}.dump(1) << '\n';
}
