#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sinkscope/app/inputs.h"
#include "sinkscope/app/run_options.h"
#include "sinkscope/app/session.h"

namespace sinkscope::app {

/// One result from its warnings to the file: everything that it was made from goes along.
class Writer {
 public:
  /// `config` holds every option, resolved. Throws InputError where the result could not be written under --out.
  Writer(std::string experiment, nlohmann::json config, const RunOptions&);

  const std::string& experiment() const { return experiment_; }

  /// For the result's `warnings`, and the log.
  void warn(const std::string& warning);

  /// The result's sections other than metrics, results and warnings.
  nlohmann::json provenance(const Inputs&, const Timing&) const;

  /// Under --out, or to standard output where that is `-`. `more` holds further sections, or replaces some.
  void write(nlohmann::json provenance, const nlohmann::json& metrics, const nlohmann::json& results,
             const nlohmann::json& more = nullptr) const;

 private:
  bool to_standard_output() const;

  std::string experiment_;
  nlohmann::json config_;
  std::string out_, started_;
  bool force_, quiet_;
  std::vector<std::string> warnings_;
  mutable nlohmann::json model_description_;  // made once: it hashes the weights
};

}  // namespace sinkscope::app
