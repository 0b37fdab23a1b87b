#pragma once

#include <vector>

#include "sinkscope/trials/design.h"
#include "sinkscope/trials/records.h"

namespace sinkscope::trials {

/// What trials cost, in forward passes over all samples: a pass that begins or ends inside counts by its share of the
/// layers. Plan and progress are made of it.
class Cost {
 public:
  /// Where the sink is read, and the last layer that whole trials reach; -1: the model's.
  struct Layers {
    int64_t sink = -1, last = -1;
  };
  /// `whole`, `probes`: the share of the samples that either is over.
  Cost(const model::Config&, const Options&, Layers, double whole = 1, double probes = 1);

  /// Of these trials, with their controls where they are made whole.
  double of(const std::vector<intervene::Trial>&, Depth) const;

  /// Of what a design expects, whose trials begin anywhere from layer `after` up to the layer that it names.
  double of(const Design&, int64_t after = 0) const;

 private:
  double full(int64_t first) const;  // from this layer to the end
  double sink(int64_t first) const;  // to the sink layer's attention
  double sink(const model::Site& start) const;
  double with_controls(const intervene::Trial&) const;

  const model::Config& config_;
  const Options& options_;
  int64_t sink_layer_, last_layer_;
  double whole_, probes_;
};

}  // namespace sinkscope::trials
