#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/trials/part.h"
#include "sinkscope/trials/pass.h"
#include "sinkscope/trials/records.h"

namespace sinkscope::trials {

/// Makes trials batch by batch, each from the tensors that the batch's unedited pass kept. What the journal has is not
/// made again.
class JournaledPasses {
 public:
  /// Over these samples, [..] int64. Takes up the journal at `file`. Throws InputError where it is of another run.
  JournaledPasses(const Setting&, SourceActivations&, const at::Tensor& samples, const std::filesystem::path& file,
                  const nlohmann::json& header);

  /// Makes what the journal does not have.
  void complete(const std::vector<intervene::Trial>&, Depth);

  /// Takes in what another process's journal holds by now, where there is one.
  void look(const std::filesystem::path& file) { records_.look(file); }
  /// Those of whole trials that are not complete.
  std::vector<intervene::Trial> missing(const std::vector<intervene::Trial>&) const;

  /// Made at once and not written down: [samples, tracked, D] float32 of a site under each trial.
  std::vector<at::Tensor> rows(const std::vector<intervene::Trial>&, const model::Site&);

  /// Of all its samples in their order, once they are complete.
  Outcome outcome(const intervene::Trial&, Depth) const;
  Outcome unedited() const { return joined(unedited_); }

  /// Frees what is held of a batch.
  void release() { batch_.reset(), held_ = -1; }
  const std::filesystem::path& journal() const { return file_; }
  int64_t batches() const { return static_cast<int64_t>(parts_.size()); }

 private:
  std::vector<intervene::Trial> missing(const std::vector<intervene::Trial>&, int64_t batch, Depth) const;
  void want_sources(const std::vector<intervene::Trial>&, Depth);
  BatchTrials& batch(int64_t index, const std::vector<intervene::Trial>&);

  const Setting& setting_;
  SourceActivations& sources_;
  std::vector<Part> parts_;
  std::filesystem::path file_;
  Records records_;
  std::vector<Outcome> unedited_;  // by part
  int64_t held_ = -1;              // the part whose tensors are held
  std::unique_ptr<BatchTrials> batch_;
};

}  // namespace sinkscope::trials
