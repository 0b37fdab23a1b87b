#include "sinkscope/trials/journaled_passes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sinkscope/app/interrupt.h"

namespace sinkscope::trials {

using intervene::Trial;

JournaledPasses::JournaledPasses(const Setting& setting, SourceActivations& sources, const at::Tensor& samples,
                                 const std::filesystem::path& file, const nlohmann::json& header)
    : setting_(setting),
      sources_(sources),
      parts_(cut_parts(setting.run, samples)),
      file_(file),
      records_(file, header),
      unedited_(parts_.size()) {
  if (records_.cut() > 0) {
    setting_.run.warn(fmt::format("the journal's last {} bytes were torn and are cut off", records_.cut()));
  }
}

/// Of the edits, and of the same edits at the control's position.
void JournaledPasses::want_sources(const std::vector<Trial>& list, Depth depth) {
  for (const auto& trial : list) {
    for (auto edit : trial.edits) {
      sources_.want(edit, setting_.run.longest());
      if (edit.all_but || depth == Depth::probe) continue;
      edit.tokens = {setting_.options.other_token};
      sources_.want(edit, setting_.run.longest());
    }
  }
}

std::vector<Trial> JournaledPasses::missing(const std::vector<Trial>& list, int64_t batch, Depth depth) const {
  std::vector<Trial> left;
  for (const auto& trial : list) {
    if (!records_.has(trial, batch, depth)) left.push_back(trial);
  }
  return left;
}

std::vector<Trial> JournaledPasses::missing(const std::vector<Trial>& list) const {
  std::vector<Trial> left;
  for (const auto& trial : list) {
    bool whole = true;
    for (size_t b = 0; b < parts_.size(); ++b)
      whole = whole && records_.has(trial, static_cast<int64_t>(b), Depth::whole);
    if (!whole) left.push_back(trial);
  }
  return left;
}

/// Made anew where another batch, or other places, are held.
BatchTrials& JournaledPasses::batch(int64_t index, const std::vector<Trial>& list) {
  if (held_ != index || !batch_->keeps(list)) {
    batch_.reset();
    batch_ = std::make_unique<BatchTrials>(setting_, parts_[static_cast<size_t>(index)], list);
    held_ = index;
  }
  return *batch_;
}

void JournaledPasses::complete(const std::vector<Trial>& list, Depth depth) {
  want_sources(list, depth);
  for (size_t b = 0; b < unedited_.size(); ++b) {
    const auto index = static_cast<int64_t>(b);
    const auto left = missing(list, index, depth);
    if (left.empty() && unedited_[b].attention.defined()) continue;
    if (!left.empty()) sources_.gather(setting_.run);
    auto& trials = batch(index, left);
    unedited_[b] = trials.unedited();
    for (const auto& trial : left) {
      app::check_interrupt();
      records_.add(trial, index, depth,
                   depth == Depth::whole ? trials.run(trial, sources_) : trials.probe(trial, sources_));
      setting_.run.note(trial.name);
    }
  }
}

std::vector<at::Tensor> JournaledPasses::rows(const std::vector<Trial>& list, const model::Site& site) {
  want_sources(list, Depth::probe);
  sources_.gather(setting_.run);
  std::vector<std::vector<at::Tensor>> parts(list.size());
  for (size_t b = 0; b < parts_.size(); ++b) {
    app::check_interrupt();
    const auto& trials = batch(static_cast<int64_t>(b), list);
    for (size_t i = 0; i < list.size(); ++i) parts[i].push_back(trials.rows(list[i], sources_, site));
  }
  std::vector<at::Tensor> rows;
  for (const auto& part : parts) rows.push_back(at::cat(part));
  return rows;
}

Outcome JournaledPasses::outcome(const Trial& trial, Depth depth) const {
  return records_.joined(trial, static_cast<int64_t>(unedited_.size()), depth);
}

}  // namespace sinkscope::trials
