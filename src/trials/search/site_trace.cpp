#include "sinkscope/trials/search/site_trace.h"

#include <ATen/ATen.h>

#include "sinkscope/measure/separation.h"
#include "sinkscope/model/to_vector.h"

namespace sinkscope::trials::search {

void want_trace(Runner& r, const std::string& run, const model::Site& site) {
  for (int64_t token = 0; token <= kLastTraced; ++token) r.sources().want(run, site, token);
}

at::Tensor traced_rows(Runner& r, const std::string& run, const model::Site& site, const at::Tensor& samples) {
  std::vector<at::Tensor> by_token;
  for (int64_t token = 0; token <= kLastTraced; ++token) {
    const auto& rows = r.sources().at(run, site, token);
    by_token.push_back(rows.index_select(0, samples.to(rows.device())));
  }
  return at::stack(by_token, 1);
}

SiteTrace trace_of(const at::Tensor& rows) {
  SiteTrace found;
  found.effect = measure::effect_size(rows).to(at::kCPU);
  found.first = rows.select(1, 0).to(at::kDouble).mean(0).to(at::kCPU);
  found.others = rows.slice(1, 1).to(at::kDouble).flatten(0, 1).mean(0).to(at::kCPU);
  found.by_effect = model::to_int_vector(found.effect.abs().argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  return found;
}

}  // namespace sinkscope::trials::search
