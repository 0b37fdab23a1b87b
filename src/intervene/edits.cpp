#include "sinkscope/intervene/edits.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sinkscope/error.h"

namespace sinkscope::intervene {
namespace {

void check_below(const std::vector<int64_t>& indices, int64_t size, const char* what) {
  for (const int64_t index : indices) {
    if (index < 0 || index >= size) {
      throw InputError(fmt::format("edit of {} {}: the tensor has {} (0 to {})", what, index, size, size - 1));
    }
  }
}

/// An edit that maps the chosen tokens' rows [n, tokens, ...] and leaves the others.
Taps::Edit map_tokens(std::vector<int64_t> tokens, std::function<at::Tensor(const at::Tensor&)> f) {
  return [tokens = std::move(tokens), f = std::move(f)](const at::Tensor& x) {
    check_below(tokens, x.size(1), "token");
    const auto index = at::tensor(tokens, at::kLong).to(x.device());
    auto changed = x.clone();
    changed.index_copy_(1, index, f(x.index_select(1, index)).to(x.scalar_type()));
    return changed;
  };
}

}  // namespace

Taps::Edit zero_at(std::vector<int64_t> tokens) {
  return map_tokens(std::move(tokens), [](const at::Tensor& rows) { return at::zeros_like(rows); });
}

Taps::Edit set_at(std::vector<int64_t> tokens, std::vector<int64_t> dimensions, at::Tensor values) {
  return map_tokens(std::move(tokens), [=](const at::Tensor& rows) {
    check_below(dimensions, rows.size(-1), "dimension");
    const auto index = at::tensor(dimensions, at::kLong).to(rows.device());
    auto shape = rows.sizes().vec();
    shape.back() = static_cast<int64_t>(dimensions.size());
    return rows.index_copy(-1, index, values.to(rows.options()).expand(shape));
  });
}

Taps::Edit add_at(std::vector<int64_t> tokens, at::Tensor vector, double factor) {
  return map_tokens(std::move(tokens),
                    [=](const at::Tensor& rows) { return rows + vector.to(rows.options()) * factor; });
}

Taps::Edit scale_at(std::vector<int64_t> tokens, double factor) {
  return map_tokens(std::move(tokens), [=](const at::Tensor& rows) { return rows * factor; });
}

Taps::Edit project_out(std::vector<int64_t> tokens, at::Tensor basis) {
  return map_tokens(std::move(tokens), [=](const at::Tensor& rows) {
    if (basis.dim() != 2 || basis.size(1) != rows.size(-1)) {
      throw InputError(
          fmt::format("project_out: basis [{}], wanted [rank, {}]", fmt::join(basis.sizes(), ", "), rows.size(-1)));
    }
    const auto rows32 = rows.to(at::kFloat), basis32 = basis.to(rows32.options());
    return rows32 - at::matmul(at::matmul(rows32, basis32.t()), basis32);
  });
}

Taps::Edit mean_at(std::vector<int64_t> tokens, at::Tensor mean) {
  return map_tokens(std::move(tokens), [=](const at::Tensor& rows) { return mean.to(rows.options()).expand_as(rows); });
}

Taps::Edit copy_from(at::Tensor source, int64_t from, int64_t to) {
  return map_tokens({to}, [=](const at::Tensor& rows) {
    check_below({from}, source.size(1), "source token");
    return source.select(1, from).unsqueeze(1).to(rows.options()).expand_as(rows);
  });
}

}  // namespace sinkscope::intervene
