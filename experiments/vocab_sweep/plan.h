#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sinkscope::experiments::sweep {

/// What a sweep measures, whoever computes which part of it and when. Everything in it changes numbers.
struct Plan {
  std::vector<int64_t> ids;
  int64_t at = 0, q_min = 1;
  int64_t samples = 0, length = 0;  ///< of a full measurement
  int64_t ids_per_unit = 64;        ///< of a full measurement; a pilot's units hold as many tokens
  bool screens = false;             ///< a pilot for every id, then only some in full
  int64_t pilot_samples = 0, pilot_length = 0;
  int64_t audit = 0;  ///< ids drawn at random that are measured in full to judge the pilot
  int64_t top = 100;
  double outlier_z = 4;
  int64_t seed = 0;
  std::string per_head = "none";  ///< none, float16 or float32: the type of the scores by head that are kept
};

/// With a hash in place of the ids; from_json needs them again and throws InputError where they are others.
nlohmann::json to_json(const Plan&);
Plan plan_from_json(const nlohmann::json&, std::vector<int64_t> ids);

/// The SHA-256 of a list of ids.
std::string hash_of(const std::vector<int64_t>& ids);

enum class PassOf { full, pilot, audit, refine };
std::string name(PassOf);

/// Ids that are measured in one way, cut into units: blocks of ids over all samples. Units are cut over the whole list,
/// so that a unit's numbers depend on nothing but the plan.
struct Pass {
  PassOf of = PassOf::full;
  std::vector<int64_t> ids;
  int64_t samples = 0, length = 0, ids_per_unit = 0;

  int64_t units() const;
  std::vector<int64_t> unit(int64_t number) const;  ///< its ids
  int64_t key(int64_t number) const;                ///< its record in a journal
  int64_t tokens(int64_t number) const;
};

/// Everything, or pilot and audit where the plan screens.
std::vector<Pass> first_passes(const Plan&);

/// Samples a forward pass where full-length passes take `batch_size`: shorter ones take as many tokens.
int64_t batch_of(const Plan&, PassOf, int64_t batch_size);

/// The first query that counts in a pilot's score: of samples that are cut short, the last quarter of the rows, which
/// says most about the rows that are missing (on the demo model half the error of all rows).
int64_t pilot_q_min(const Plan&);

/// The ids that the pilot could not rule out.
Pass refine_pass(const Plan&, std::vector<int64_t> ids);

/// The samples that the pilot takes, spread evenly over all.
std::vector<int64_t> pilot_samples(const Plan&);

/// Indices into plan.ids of the audit set, sorted: drawn with the plan's seed.
std::vector<size_t> audit_set(const Plan&);

/// Ids of a unit of about 2^20 tokens on a GPU, 2^15 on a CPU, fewer where the model is larger than 4 or 0.6 billion
/// parameters: half a minute of work or less, so that a signal need not wait long. One id over all samples at least.
int64_t automatic_ids_per_unit(const Plan&, int64_t parameters, bool on_cpu);

}  // namespace sinkscope::experiments::sweep
