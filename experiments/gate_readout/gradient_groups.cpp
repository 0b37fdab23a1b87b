#include "experiments/gate_readout/gradient_groups.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sinkscope/measure/mlp_gradient.h"
#include "sinkscope/measure/statistics.h"
#include "sinkscope/model/safetensors.h"
#include "sinkscope/model/to_vector.h"
#include "sinkscope/trials/writing_mlp.h"

namespace sinkscope::experiments {
namespace {

using intervene::Operation;
using intervene::Role;
using intervene::Trial;
using nlohmann::json;

constexpr size_t kGram = 3;  // neurons of the published Gram matrix

at::Tensor directions(const std::vector<ReadOut>& reads) {
  std::vector<at::Tensor> rows;
  for (const auto& read : reads) rows.push_back(read.direction());
  return at::stack(rows);
}

/// `directions` of the group, "span" or "first direction": out at token 0, and token 0's components at `token`.
void add_trials(std::vector<Trial>& list, const ReadOutGroup& group, const char* directions, const at::Tensor& basis,
                int64_t token) {
  const auto& site = group.reads[0].site;
  auto out = trials::edit_at(site, 0, Operation::project_out);
  auto copied = trials::edit_from(site, token, Operation::copy, {.site = site, .tokens = {0}});
  out.basis = copied.basis = basis;
  const auto about = [&](const intervene::Edit& edit) {
    return json{{"at", edit.tokens[0]},         {"operation", intervene::name(edit.operation)},
                {"site", model::name(site)},    {"group", group.name},
                {"reader", name(group.reader)}, {"directions", directions},
                {"rank", basis.size(0)}};
  };
  list.push_back({.name = fmt::format("{}, {}: out at token 0", group.name, directions),
                  .role = Role::removal,
                  .about = about(out),
                  .edits = {out}});
  list.push_back({.name = fmt::format("{}, {}: token 0's at token {}", group.name, directions, token),
                  .role = Role::copy,
                  .about = about(copied),
                  .edits = {copied}});
}

}  // namespace

const char* name(Reader reader) {
  return reader == Reader::neurons ? "neurons" : "written dimensions";
}

json gram_of(const ReadOutGroup& neurons) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(kGram, neurons.reads.size()));
  const std::vector<ReadOut> top(neurons.reads.begin(), neurons.reads.begin() + count);
  const auto found = measure::spectrum(directions(top));
  json names, cosines;
  for (size_t i = 0; i < top.size(); ++i) {
    names.push_back(top[i].name);
    cosines.push_back(measure::finite(model::to_vector(found.cosines[static_cast<int64_t>(i)])));
  }
  return {{"of", names},
          {"cosines", cosines},
          {"eigen_energies", measure::finite(found.energies)},
          {"effective_rank", measure::finite(found.effective_rank)}};
}

GroupTrials group_trials(const std::vector<ReadOutGroup>& groups, const trials::Runner& runner, int64_t token) {
  GroupTrials made;
  for (const auto& group : groups) {
    const auto& site = group.reads[0].site;
    const auto rows = directions(group.reads);
    const auto basis = measure::span_of(rows);
    auto why = trials::why_unseen(site, runner);
    if (why.empty() && basis.size(0) == 0) why = fmt::format("{}: every gradient is 0", group.name);
    if (!why.empty()) {
      if (made.unseen.find(why) == std::string::npos) made.unseen += (made.unseen.empty() ? "" : "; ") + why;
      continue;
    }
    add_trials(made.list, group, "span", basis, token);
    if (basis.size(0) == 1) continue;
    add_trials(made.list, group, "first direction", measure::spectrum(rows).first.unsqueeze(0), token);
  }
  return made;
}

json write_directions(const std::vector<ReadOutGroup>& groups, const std::filesystem::path& out) {
  if (groups.empty()) return nullptr;
  const auto file = std::filesystem::path(out).replace_extension(".safetensors");
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  json places;
  for (const auto& group : groups) {
    tensors.emplace_back(group.name, directions(group.reads));
    places[group.name] = {{"file", file.filename().string()}, {"tensor", group.name}};
  }
  model::write_safetensors(file, tensors, {{"result", out.filename().string()}});
  return places;
}

}  // namespace sinkscope::experiments
