#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <vector>

#include "sinkscope/model/points.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::model {

/// A place where a pass may begin again: embed, or resid_pre, attn_out, resid_mid or mlp_out of a layer.
struct Start {
  Site site;
  at::Tensor residual;  ///< [n, T, d]; at attn_out and mlp_out what their output is added to
  at::Tensor output;    ///< [n, T, d] of attn_out or mlp_out itself
};

/// The last place from which a pass still reaches `site`.
Site start_of(const Site& site, const Config&);

/// What one pass leaves behind so that others begin where they first differ from it.
class PassCache {
 public:
  /// `starts`: the places of which it keeps the tensors.
  explicit PassCache(const std::vector<Site>& starts);

  /// Keeps the tensors of the pass that runs with these taps.
  void attach(Taps&);

  bool holds(const Site& start) const;

  /// Throws std::logic_error for a place that was not kept.
  Start at(const Site& start) const;

 private:
  std::map<Site, at::Tensor, InOrderOfPass> tensors_;
};

}  // namespace sinkscope::model
