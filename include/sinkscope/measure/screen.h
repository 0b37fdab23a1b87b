#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sinkscope::measure {

// Screening: a cheap pilot for every id, the full measurement for a random audit set, and from both a prediction with
// an error that was measured on ids that the fit had not seen. Ids that may be extreme are then measured in full.

/// The fit of full scores on pilot values.
struct Screen {
  std::vector<double> predicted;  ///< [ids]; a line in the features (ridge), fitted on the audit set
  std::vector<double> residuals;  ///< sorted; full score less prediction of each audit id, by a fit without its fold
  double residual_sd = 0, ridge = 0;  ///< the ridge whose held-out residuals spread least

  /// Quantile of the held-out residuals, 0 <= p <= 1.
  double residual_quantile(double p) const;
};

/// `features` [ids][f], the pilot's score among them; `audit` indices into it and their full scores. At least 20 audit
/// ids, else std::logic_error. Folds are cut in the audit set's order: 10.
Screen fit_screen(const std::vector<std::vector<double>>& features, const std::vector<size_t>& audit,
                  const std::vector<double>& audit_score);

/// Which scores must be exact.
struct Extremes {
  size_t top = 100;      ///< so many of the largest and of the smallest scores
  double outlier_z = 4;  ///< and every score further from the mean than this many standard deviations (corrected)
};

/// One end of the ranking.
struct Tail {
  double threshold = 0;        ///< the score from which an id belongs to it
  double expected = 0;         ///< ids beyond it, as expected from predictions and residuals
  double expected_misses = 0;  ///< of those, ids that are not measured in full
};

struct Refinement {
  std::vector<size_t> ids;  ///< indices to be measured in full, sorted; none of the audit set
  Tail top, bottom, high_outliers, low_outliers;
};

/// The ids most likely beyond a threshold, until at most 0.5 % of a tail (0.05 ids for the outliers) is expected to be
/// missed. An id is beyond a threshold with the share of residuals, smoothed by a normal kernel, that carry it there.
Refinement choose_refined(const Screen&, const std::vector<size_t>& audit, const std::vector<double>& audit_score,
                          const Extremes&);

/// Mean and standard deviation of the full scores over all ids, as if every id had been measured: exact scores where
/// `exact` holds them (NaN elsewhere), predictions with the residuals' variance added elsewhere.
struct Spread {
  double mean = 0, sd = 0, sd_of_predictions = 0;
};
Spread corrected_spread(const Screen&, const std::vector<double>& exact);

/// Expected counts of all full scores between `edges`: an exact score counts once in its bin, a predicted one is spread
/// by the residuals.
std::vector<double> corrected_counts(const Screen&, const std::vector<double>& exact, const std::vector<double>& edges);

}  // namespace sinkscope::measure
