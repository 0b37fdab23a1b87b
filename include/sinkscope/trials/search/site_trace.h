#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "sinkscope/trials/runner.h"

namespace sinkscope::trials::search {

/// Tokens that token 0 is told from.
inline constexpr int64_t kLastTraced = 8;

/// How far token 0 is from tokens 1 to 8 in each dimension of a site (measure/separation.h), in some samples.
struct SiteTrace {
  at::Tensor effect;               ///< [D] float64, Cohen's d
  at::Tensor auc;                  ///< [D] float64
  at::Tensor first, others;        ///< [D] float64 means at token 0 and at the others
  std::vector<int64_t> by_effect;  ///< dimensions, largest |effect| first
};

/// SourceActivations of tokens 0 to 8 that a trace of `site` takes, to be gathered.
void want_trace(Runner&, const std::string& run, const model::Site&);

/// [samples, 9, D] float32 of the samples with these indices.
at::Tensor traced_rows(Runner&, const std::string& run, const model::Site&, const at::Tensor& samples);

SiteTrace trace_of(const at::Tensor& rows);

}  // namespace sinkscope::trials::search
