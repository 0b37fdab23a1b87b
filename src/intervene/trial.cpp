#include "sinkscope/intervene/trial.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "sinkscope/error.h"
#include "sinkscope/spelling/nearest.h"

namespace sinkscope::intervene {
namespace {

constexpr const char* kRoles[] = {"edit", "removal", "writing", "copy", "clamp", "condition", "control"};

at::Tensor index_of(const std::vector<int64_t>& numbers, at::Device device) {
  return at::tensor(numbers, at::kLong).to(device);
}

at::Tensor given_values(const Edit& edit, const at::Tensor& like) {
  return at::tensor(edit.values, at::kDouble).to(like.options());
}

/// A signed permutation of the last axis that depends on its width alone.
at::Tensor rotated(const at::Tensor& x) {
  const int64_t width = x.size(-1);
  std::mt19937_64 generator(static_cast<uint64_t>(width));
  std::vector<int64_t> order(width);
  std::iota(order.begin(), order.end(), 0);
  std::vector<float> signs;
  for (int64_t i = width; i > 1; --i) std::swap(order[i - 1], order[generator() % static_cast<uint64_t>(i)]);
  for (int64_t i = 0; i < width; ++i) signs.push_back(generator() % 2 == 0 ? 1.0F : -1.0F);
  return x.index_select(-1, index_of(order, x.device())) * at::tensor(signs).to(x.device());
}

at::Tensor target(const Edit& edit, const at::Tensor& c, const at::Tensor& source) {
  switch (edit.operation) {
    case Operation::zero:
    case Operation::project_out: return at::zeros_like(c);
    case Operation::set: return given_values(edit, c).expand_as(c);
    case Operation::match_norm: return c * source.norm(2, -1, true) / c.norm(2, -1, true).clamp_min(1e-20);
    case Operation::rotate: return rotated(c);
    default: return source.expand_as(c);
  }
}

}  // namespace

const char* name(Role role) {
  return kRoles[static_cast<size_t>(role)];
}

Role parse_role(const std::string& text, const std::string& where) {
  const auto found = std::find(std::begin(kRoles), std::end(kRoles), text);
  if (found != std::end(kRoles)) return static_cast<Role>(found - std::begin(kRoles));
  throw InputError(fmt::format("{}: no role is named '{}'; the nearest is '{}'", where, text,
                               nearest(text, {std::begin(kRoles), std::end(kRoles)})));
}

const char* name(Operation operation) {
  constexpr const char* kNames[] = {"zero",       "set",    "mean",        "resample", "copy",
                                    "match_norm", "rotate", "project_out", "add",      "scale"};
  return kNames[static_cast<size_t>(operation)];
}

std::vector<int64_t> edited_tokens(const Edit& edit, int64_t T) {
  if (!edit.all_but) return edit.tokens;
  std::vector<int64_t> others;
  for (int64_t token = 0; token < T; ++token) {
    if (std::find(edit.tokens.begin(), edit.tokens.end(), token) == edit.tokens.end()) others.push_back(token);
  }
  return others;
}

bool takes_rows(const Edit& edit) {
  switch (edit.operation) {
    case Operation::mean:
    case Operation::resample:
    case Operation::copy:
    case Operation::match_norm: return true;
    case Operation::add: return edit.from.has_value();
    default: return false;
  }
}

at::Tensor coordinates(const Edit& edit, const at::Tensor& rows) {
  if (edit.basis.defined()) return at::matmul(rows, edit.basis.t().to(rows.options()));
  if (edit.dimensions.empty()) return rows;
  return rows.index_select(-1, index_of(edit.dimensions, rows.device()));
}

at::Tensor changed(const Edit& edit, const at::Tensor& rows, const at::Tensor& source) {
  const auto c = coordinates(edit, rows);
  const auto from = source.defined() ? coordinates(edit, source) : at::Tensor();
  at::Tensor moved;
  if (edit.operation == Operation::scale) {
    moved = c * edit.dose;
  } else if (edit.operation == Operation::add) {
    moved = c + edit.dose * (from.defined() ? from : given_values(edit, c));
  } else {
    const auto to = target(edit, c, from);
    moved = edit.dose == 1 ? to : c + edit.dose * (to - c);
  }
  if (edit.basis.defined()) return rows + at::matmul(moved - c, edit.basis.to(rows.options()));
  if (edit.dimensions.empty()) return moved;
  return rows.index_copy(-1, index_of(edit.dimensions, rows.device()), moved);
}

model::Taps::Edit bind(const Edit& edit, const at::Tensor& source, const Adjust& adjust) {
  return [=](const at::Tensor& x) {  // [n, T, D] or [n, T, heads, h]
    const auto index = index_of(edited_tokens(edit, x.size(1)), x.device());
    const auto given = x.index_select(1, index);
    const auto rows = given.flatten(2).to(at::kFloat);
    auto after = changed(edit, rows, source);
    if (adjust) after = adjust(rows, after);
    auto whole = x.clone();
    whole.index_copy_(1, index, after.to(x.scalar_type()).view(given.sizes()));
    return whole;
  };
}

Adjust random_move(const Edit& edit, const at::Tensor& gain, const at::Tensor& natural, uint64_t seed) {
  return [=](const at::Tensor& rows, const at::Tensor& after) {
    const int64_t width = rows.size(-1);
    auto generator = at::detail::createCPUGenerator(seed);
    auto direction = at::randn({width}, generator, at::kFloat);
    if (!edit.dimensions.empty()) {
      const auto count = std::min<int64_t>(static_cast<int64_t>(edit.dimensions.size()), width);
      auto order = at::rand({width}, generator, at::kFloat);
      if (2 * count <= width) order.index_fill_(0, at::tensor(edit.dimensions, at::kLong), -1);  // others only
      const auto chosen = std::get<1>(order.topk(count));
      direction = at::zeros({width}).index_copy(0, chosen, direction.index_select(0, chosen).sign());
    } else if (edit.basis.defined()) {
      const auto share = at::randn({natural.size(0)}, generator, at::kFloat).to(natural.device());
      direction = at::matmul(share, natural - natural.mean(0));
      const auto own = edit.basis.to(direction.options());
      direction = direction - at::matmul(at::matmul(direction, own.t()), own);
    }
    direction = direction.to(rows.options());
    const auto weight = gain.defined() ? gain.to(rows.options()) : at::ones({width}, rows.options());
    const auto length = ((after - rows) * weight).norm(2, -1, true);
    return rows + direction * (length / (direction * weight).norm().clamp_min(1e-20));
  };
}

}  // namespace sinkscope::intervene
