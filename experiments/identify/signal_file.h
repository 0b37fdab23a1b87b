#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

struct Composition;

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;  ///< by name

/// One sufficient set, or a lesser form of it, as it can be carried elsewhere: a subspace of the residual at `site`,
/// and two levels.
struct PortableSignal {
  size_t stage = 0, candidate = 0;  ///< places among a result's stages and the stage's candidates
  std::optional<size_t> set = {};   ///< place among the candidate's sets; none: a lesser form of the first
  std::string form = {};            ///< "sets.0"; "sparse": in the fewest channels; "fewer": fewer directions
  bool copied = false;              ///< a sink needs each sample's own level; no fixed one makes it
  model::Site site = {};
  at::Tensor basis = {};                 ///< [r, D] float32, orthonormal rows; of channels one-hot
  at::Tensor first = {}, ordinary = {};  ///< [r] float32: mean coordinates at token 0 and at the later token

  /// "stages.0.candidates.3.sets.0.basis"
  std::string tensor(const std::string& part) const;
};

/// For `metrics` and for the file's own metadata: what the tensors are, and how to apply them.
inline constexpr char kSignalsMetric[] =
    "a sufficient set, or a lesser form of it, as tensors of the file beside the result: basis B [rank, D], "
    "orthonormal rows in the residual at "
    "`site` (of channels one-hot); levels first and ordinary [rank]: mean of B x over the samples that choose, at "
    "token 0 and at the later token. To put a level v at a token whose residual there is x: x + B^T (v - B x). `first` "
    "at a later token writes the signal; `ordinary` at token 0 removes it. Where `copied` is true no fixed level makes "
    "a "
    "sink: the same sample's B x at token 0 writes it";

/// Every sufficient set of every candidate of a stage, and its lesser forms; levels over the samples that choose.
std::vector<PortableSignal> portable_signals(trials::Runner&, size_t stage, const std::vector<Evidence>&, const Alone&);

/// The file beside a result.
std::filesystem::path signal_file(const std::filesystem::path& out);

/// [{"candidate", "set", "form", "site", "rank", "copied", "basis", "first", "ordinary"}]; the last three say where a
/// tensor is.
nlohmann::json to_json(const std::vector<PortableSignal>&, const std::filesystem::path& out);

/// Writes the file, with what each stage's signal is made of where there is one, and `more`. Without signals there is
/// none, and one of an earlier run is deleted.
void write_signals(const std::vector<PortableSignal>&, const std::vector<Composition>& by_stage, const Tensors& more,
                   const std::filesystem::path& out);

/// What is described of these trials, whose edits name their basis in the file in place of holding its numbers.
nlohmann::json naming_bases(nlohmann::json described, const std::vector<Measured>&, const std::vector<PortableSignal>&,
                            const std::filesystem::path& out);

}  // namespace sinkscope::experiments::identification
