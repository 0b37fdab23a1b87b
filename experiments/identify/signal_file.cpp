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
  if (signal.direction.defined()) return signal.direction.to(at::kCPU, at::kFloat);
  return at::eye(width).index_select(0, at::tensor(signal.dimensions, at::kLong));
}

PortableSignal portable(trials::Runner& r, size_t candidate, size_t set, const Candidate& of, const Alone& alone) {
  const auto& signal = of.sufficient[set];
  const auto level = [&](int64_t token) {
    const auto& rows = r.sources().at("unedited", of.site, token);
    return mean_coordinates(signal, rows.index_select(0, r.choosing().to(rows.device()))).to(at::kFloat);
  };
  return {.candidate = candidate,
          .set = set,
          .site = of.site,
          .basis = basis_of(signal, r.run().config().d_model),
          .first = level(0),
          .ordinary = level(alone.token)};
}

json place(const PortableSignal& signal, const char* part, const std::filesystem::path& out) {
  return {{"file", signal_file(out).filename().string()}, {"tensor", signal.tensor(part)}};
}

/// The signal that a trial's `about` names. A trial of all sets together has no `set`; its basis is the first's.
const PortableSignal* of_trial(const std::vector<PortableSignal>& signals, const json& about) {
  if (!about.contains("candidate")) return nullptr;
  const auto candidate = about.at("candidate").get<size_t>(), set = about.value("set", size_t{0});
  const auto found = std::find_if(signals.begin(), signals.end(),
                                  [&](const auto& one) { return one.candidate == candidate && one.set == set; });
  return found == signals.end() ? nullptr : &*found;
}

}  // namespace

std::string PortableSignal::tensor(const std::string& part) const {
  return fmt::format("candidates.{}.sets.{}.{}", candidate, set, part);
}

std::vector<PortableSignal> portable_signals(trials::Runner& r, const std::vector<Evidence>& evidence,
                                             const Alone& alone) {
  std::vector<PortableSignal> signals;
  for (size_t i = 0; i < evidence.size(); ++i) {
    const auto& candidate = evidence[i].candidate();
    for (size_t set = 0; set < candidate.sufficient.size(); ++set) {
      signals.push_back(portable(r, i, set, candidate, alone));
    }
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
                    {"set", one.set},
                    {"site", model::name(one.site)},
                    {"rank", one.basis.size(0)},
                    {"basis", place(one, "basis", out)},
                    {"first", place(one, "first", out)},
                    {"ordinary", place(one, "ordinary", out)}});
  }
  return list;
}

void write_signals(const std::vector<PortableSignal>& signals, const Composition& made_of, const Tensors& more,
                   const std::filesystem::path& out) {
  if (signals.empty()) return;
  Tensors tensors;
  for (const auto& one : signals) {
    tensors.emplace_back(one.tensor("basis"), one.basis);
    tensors.emplace_back(one.tensor("first"), one.first);
    tensors.emplace_back(one.tensor("ordinary"), one.ordinary);
  }
  if (made_of.direction.defined()) tensors.emplace_back("direction", made_of.direction);
  tensors.insert(tensors.end(), more.begin(), more.end());
  model::write_safetensors(signal_file(out), tensors,
                           {{"result", out.filename().string()},
                            {"description", kSignalsMetric},
                            {"signals", to_json(signals, out).dump()},
                            {"composition", made_of.description.dump()}});
}

json naming_bases(json trials, const std::vector<PortableSignal>& signals, const std::filesystem::path& out) {
  for (auto& trial : trials) {
    const auto* signal = of_trial(signals, trial.value("about", json::object()));
    if (!signal) continue;
    for (auto& edit : trial.at("edits")) {
      if (edit.contains("basis")) edit["basis"] = place(*signal, "basis", out);
    }
  }
  return trials;
}

}  // namespace sinkscope::experiments::identification
