#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "sinkscope/app/run.h"
#include "sinkscope/intervene/trial_json.h"

namespace sinkscope::trials {

/// SourceActivations of runs without edits, of all samples: what edits take their values from, and what is natural.
class SourceActivations {
 public:
  explicit SourceActivations(intervene::Runs runs) : runs_(std::move(runs)) {}

  void want(const std::string& run, const model::Site&, int64_t token);
  /// Everything that an edit of samples of T tokens takes rows from, and the rows that say what is natural there.
  void want(const intervene::Edit&, int64_t T);

  /// Reads what is needed and not yet read: one pass a run over all samples.
  void gather(app::Run&);

  /// [samples, D] float32 on the run's device. Throws std::logic_error for what was not gathered.
  const at::Tensor& at(const std::string& run, const model::Site&, int64_t token) const;

 private:
  using Key = std::tuple<std::string, int64_t, model::Point, int64_t>;  // run, layer, point, token
  intervene::Runs runs_;
  std::map<Key, at::Tensor> rows_;  // undefined until gathered
};

/// Whether the edit's natural range is looked at: not where it changes all tokens but some.
bool has_natural_range(const intervene::Edit&);

/// Token 0, the edited tokens and those that values come from: whose rows say what is natural at the edit's site.
std::set<int64_t> natural_tokens(const intervene::Edit&);

}  // namespace sinkscope::trials
