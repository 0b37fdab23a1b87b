#include "experiments/identify/signal_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "experiments/identify/composition.h"
#include "sinkscope/model/safetensors.h"

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

at::Tensor basis_of(const Signal& signal, int64_t width) {
  if (signal.is_directions()) return signal.basis;
  return at::eye(width).index_select(0, at::tensor(signal.dimensions, at::kLong));
}

/// Its basis and levels at the site.
PortableSignal portable(trials::Runner& r, const model::Site& site, const Signal& signal, const Alone& alone) {
  const auto level = [&](int64_t token) {
    const auto& rows = r.sources().at("unedited", site, token);
    return mean_coordinates(signal, rows.index_select(0, r.choosing().to(rows.device()))).to(at::kFloat);
  };
  return {.site = site,
          .basis = basis_of(signal, r.run().config().d_model),
          .first = level(0),
          .ordinary = level(alone.token)};
}

json place(const PortableSignal& signal, const char* part, const std::filesystem::path& out) {
  return {{"file", signal_file(out).filename().string()}, {"tensor", signal.tensor(part)}};
}

}  // namespace

std::string PortableSignal::tensor(const std::string& part) const {
  return fmt::format("stages.{}.candidates.{}.{}.{}", stage, candidate, form, part);
}

std::vector<PortableSignal> portable_signals(trials::Runner& r, size_t stage, const std::vector<Evidence>& evidence,
                                             const Alone& alone) {
  std::vector<PortableSignal> signals;
  for (size_t i = 0; i < evidence.size(); ++i) {
    const auto& candidate = evidence[i].candidate();
    const auto add = [&](const Signal& signal, const std::string& form, std::optional<size_t> set = {}) {
      signals.push_back(portable(r, candidate.site, signal, alone));
      signals.back().stage = stage;
      signals.back().candidate = i;
      signals.back().form = form;
      signals.back().set = set;
      signals.back().copied = candidate.copied;
    };
    for (size_t set = 0; set < candidate.sufficient.size(); ++set) {
      add(candidate.sufficient[set], fmt::format("sets.{}", set), set);
    }
    if (candidate.sparse) add(*candidate.sparse, "sparse");
    if (candidate.fewer) add(*candidate.fewer, "fewer");
  }
  return signals;
}

std::filesystem::path signal_file(const std::filesystem::path& out) {
  return std::filesystem::path(out).replace_extension(".safetensors");
}

json to_json(const std::vector<PortableSignal>& signals, const std::filesystem::path& out) {
  auto list = json::array();
  for (const auto& one : signals) {
    list.push_back({{"candidate", one.candidate},
                    {"set", one.set ? json(*one.set) : json()},
                    {"form", one.form},
                    {"site", model::name(one.site)},
                    {"rank", one.basis.size(0)},
                    {"copied", one.copied},
                    {"basis", place(one, "basis", out)},
                    {"first", place(one, "first", out)},
                    {"ordinary", place(one, "ordinary", out)}});
  }
  return list;
}

void write_signals(const std::vector<PortableSignal>& signals, const std::vector<Composition>& by_stage,
                   const Tensors& more, const std::filesystem::path& out) {
  if (signals.empty()) {
    std::filesystem::remove(signal_file(out));
    return;
  }
  Tensors tensors;
  for (const auto& one : signals) {
    tensors.emplace_back(one.tensor("basis"), one.basis);
    tensors.emplace_back(one.tensor("first"), one.first);
    tensors.emplace_back(one.tensor("ordinary"), one.ordinary);
  }
  auto compositions = json::array();
  for (size_t stage = 0; stage < by_stage.size(); ++stage) {
    const auto& made_of = by_stage[stage];
    compositions.push_back(made_of.description);
    if (made_of.direction.defined()) tensors.emplace_back(fmt::format("stages.{}.direction", stage), made_of.direction);
  }
  tensors.insert(tensors.end(), more.begin(), more.end());
  model::write_safetensors(signal_file(out), tensors,
                           {{"result", out.filename().string()},
                            {"description", kSignalsMetric},
                            {"signals", to_json(signals, out).dump()},
                            {"composition", compositions.dump()}});
}

json naming_bases(json described, const std::vector<Measured>& measured, const std::vector<PortableSignal>& signals,
                  const std::filesystem::path& out) {
  for (size_t i = 0; i < measured.size(); ++i) {
    const auto& edits = measured[i].trial.edits;
    for (size_t e = 0; e < edits.size(); ++e) {
      if (!edits[e].basis.defined()) continue;
      const auto found = std::find_if(signals.begin(), signals.end(),
                                      [&](const auto& one) { return one.basis.is_same(edits[e].basis); });
      if (found != signals.end()) described.at(i).at("edits").at(e)["basis"] = place(*found, "basis", out);
    }
  }
  return described;
}

}  // namespace sinkscope::experiments::identification
