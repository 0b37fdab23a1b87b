#pragma once

#include <cstdint>
#include <vector>

#include "sinkscope/intervene/trial_json.h"
#include "sinkscope/trials/options.h"

namespace sinkscope::trials {

/// What a run of trials is made of, known before any weight is read.
struct Design {
  std::vector<int64_t> tracked = {0};  ///< tokens whose attention is compared, token 0 first
  std::vector<int64_t> edited = {};    ///< tokens that trials will edit or take rows from
  intervene::Runs runs = {};           ///< conditions that can be copied from
  bool wants_other_documents = false;  ///< some trial resamples
  bool split = false;                  ///< candidates are chosen on half of the documents and tested on the others
  double trials = 0;                   ///< expected, with their controls, for plan and progress
  double probes = 0;                   ///< expected, without
  double controlled = -1;              ///< those with random moves, shortly before the sink's layer; -1: all trials
  bool by_site = false;     ///< both are of each residual up to the sink's layer, of which there are two a block
  int64_t last_layer = -1;  ///< in which trials begin; -1: the sink's
  bool by_stage = false;    ///< every stage of the sink is asked about, between the one before and itself
  bool at_massive_activation = false;  ///< they begin where it is written: in the later half of the layers up to there
  nlohmann::json tensor_files = nlohmann::json::array();  ///< [{"path", "sha256"}] of files that edits take tensors of
};

/// Throws InputError where the options and samples of the run do not allow the design.
void check(const Design&, const Options&, const app::Run&);

/// Warns where a causal claim from `testing` samples and this many controls would be weak.
void warn_of_weak_claims(app::Run&, const Options&, int64_t testing);

/// Throws InputError for trials that the model, the samples or this run cannot make, or whose edits nothing would see;
/// reads no weight.
void check(const std::vector<intervene::Trial>&, const Design&, const Options&, const app::Run&);

/// For every sample another one of another document, drawn; none where the design does not resample.
std::vector<int64_t> draw_other_documents(const Design&, const app::Run&);

/// What a journal of its trials must agree in.
nlohmann::json to_json(const Design&, const Options&);

}  // namespace sinkscope::trials
