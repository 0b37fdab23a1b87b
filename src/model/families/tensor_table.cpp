#include "model/families/tensor_table.h"

#include <c10/util/accumulate.h>
#include <fmt/format.h>

#include <algorithm>

#include "model/families/family.h"

namespace sinkscope::model {
namespace {

constexpr std::string_view kLayer = "{}";

bool there(const TensorRow& row, const Config& config) {
  return row.there == nullptr || row.there(config);
}

bool of_a_block(const TensorRow& row) {
  return row.name.find(kLayer) != std::string_view::npos;
}

/// "Hh d" to [n_heads * d_head, d_model].
std::vector<int64_t> sizes(std::string_view axes, const Config& config) {
  std::vector<int64_t> shape{1};
  for (const char axis : axes) {
    if (axis == ' ')
      shape.push_back(1);
    else
      shape.back() *= size_of(axis, config);
  }
  return shape;
}

/// Without its last part.
std::string_view holder(std::string_view name) {
  return name.substr(0, name.rfind('.'));
}

}  // namespace

const TensorRow* row_of(Role role, const Config& config) {
  const auto& table = family_of(config).tensors();
  const auto found = std::find_if(table.begin(), table.end(), [&](const TensorRow& row) { return row.role == role; });
  return found == table.end() ? nullptr : &*found;
}

bool has(Role role, const Config& config) {
  const auto* row = row_of(role, config);
  return row && there(*row, config);
}

std::string name_of(const TensorRow& row, int64_t layer) {
  return of_a_block(row) ? fmt::format(fmt::runtime(row.name), layer) : std::string(row.name);
}

std::vector<TensorSpec> tensor_specs(const Config& config) {
  const auto& table = family_of(config).tensors();
  std::vector<TensorSpec> specs;
  const auto add = [&](const TensorRow& row, int64_t layer) {
    if (there(row, config)) specs.push_back({{row.role, layer}, name_of(row, layer), sizes(row.shape, config)});
  };
  const auto first = std::find_if(table.begin(), table.end(), of_a_block);
  const auto last = std::find_if_not(first, table.end(), of_a_block);
  std::for_each(table.begin(), first, [&](const TensorRow& row) { add(row, -1); });
  for (int64_t layer = 0; layer < config.n_layers; ++layer)
    std::for_each(first, last, [&](const TensorRow& row) { add(row, layer); });
  std::for_each(last, table.end(), [&](const TensorRow& row) { add(row, -1); });
  return specs;
}

int64_t parameter_count(const Config& config, const std::set<Role>& roles) {
  int64_t count = 0;
  for (const auto& spec : tensor_specs(config)) {
    if (roles.contains(spec.site.role)) count += c10::multiply_integers(spec.shape);
  }
  return count;
}

int64_t parameter_count(const Config& config) {
  std::set<Role> all;
  for (const auto& row : family_of(config).tensors()) all.insert(row.role);
  return parameter_count(config, all);
}

std::string module_of(Point point, const Config& config) {
  const auto module = [&](Role role) {
    const auto* row = row_of(role, config);
    return row ? std::string(holder(row->name)) : std::string();
  };
  // What a half of the block adds: its last norm, or else the module that holds its last product.
  const auto half = [&](Role norm, Role product) {
    return row_of(norm, config) ? module(norm) : std::string(holder(module(product)));
  };
  switch (point) {
    case Point::embed: return module(Role::embed);
    case Point::ln1: return module(Role::ln1);
    case Point::q: return module(Role::q);
    case Point::k: return module(Role::k);
    case Point::v: return module(Role::v);
    case Point::q_normed: return module(Role::q_norm);
    case Point::k_normed: return module(Role::k_norm);
    case Point::attn_out: return half(Role::ln1_post, Role::o);
    case Point::ln2: return module(Role::ln2);
    case Point::mlp_pre: return module(Role::gate);
    case Point::mlp_pre_linear: return module(Role::up);
    case Point::mlp_out: return half(Role::ln2_post, Role::down);
    case Point::resid_post: return std::string(holder(holder(module(Role::o))));
    case Point::ln_final: return module(Role::ln_final);
    case Point::logits: return module(Role::unembed);
    default: return {};
  }
}

}  // namespace sinkscope::model
