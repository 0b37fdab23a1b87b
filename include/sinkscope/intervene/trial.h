#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sinkscope/intervene/attention_condition.h"
#include "sinkscope/model/taps.h"

namespace sinkscope::intervene {

/// What an edit does to the coordinates c of a row (chosen dimensions, or its components along a basis). All but add
/// and scale move c a `dose` of the way to a target: c + dose (target - c).
enum class Operation {
  zero,         ///< target 0
  set,          ///< target the given values
  mean,         ///< target the mean of the source rows over samples
  resample,     ///< target the source row of a sample of another document
  copy,         ///< target the source row of the same sample (activation patching)
  match_norm,   ///< target c with the norm of the source row
  rotate,       ///< target c under a fixed random signed permutation, which keeps norm and variance
  project_out,  ///< target 0 along a basis
  add,          ///< c + dose (values or source row)
  scale,        ///< dose c
};

/// Rows of a run without edits, that an edit takes values from.
struct Source {
  std::string run = "unedited";  ///< or a run under attention conditions that the list of trials names
  model::Site site = {};
  std::vector<int64_t> tokens = {};  ///< the mean of these tokens' rows; empty: the edited token's own
  bool operator==(const Source&) const = default;
};

/// One declared edit. Rows of sites with heads are taken flat: [n, T, heads * h].
struct Edit {
  model::Site site = {};
  std::vector<int64_t> tokens = {};
  bool all_but = false;                  ///< every token but these
  std::vector<int64_t> dimensions = {};  ///< empty: all
  Operation operation = Operation::zero;
  double dose = 1;
  std::vector<double> values = {};  ///< set, add: one a coordinate, or one for all
  at::Tensor basis = {};            ///< [rank, D] float32, orthonormal rows; undefined: the dimensions themselves
  std::optional<Source> from = {};  ///< mean, resample, copy, match_norm, add
};

/// What a trial is for in its list. The no-op, the random moves and the other position are made beside every trial, and
/// are in no list.
enum class Role {
  edit,       ///< declared without a role
  removal,    ///< what is asked about is taken away
  writing,    ///< it is written where it is not
  copy,       ///< what another run, token or document has is put there
  clamp,      ///< it keeps its ordinary level under attention conditions that would move it
  condition,  ///< attention conditions without edits
  control,    ///< made beside the others to do nothing, or to do it by another way
};

const char* name(Role);

/// Throws InputError that begins with `where` and names the nearest for what is no role.
Role parse_role(const std::string& text, const std::string& where);

/// Declared edits, and attention conditions that hold beside them.
struct Trial {
  std::string name = {};  ///< for a reader; unique in its list
  Role role = Role::edit;
  nlohmann::json about = nlohmann::json::object();  ///< what tells it from others of its role, for who looks for it
  AttentionCondition attention = {};
  std::vector<Edit> edits = {};
  bool random_controls = true;                   ///< beside it; false where the question is whether it does nothing
  std::vector<std::string> interaction_of = {};  ///< two earlier trials A and B whose edits this one joins
};

const char* name(Operation);

/// The tokens that an edit changes in samples of T tokens.
std::vector<int64_t> edited_tokens(const Edit&, int64_t T);

/// Whether the operation takes rows of a source.
bool takes_rows(const Edit&);

/// Coordinates [n, tokens, C] of rows [n, tokens, D].
at::Tensor coordinates(const Edit&, const at::Tensor& rows);

/// Rows after the edit: rows [n, tokens, D] float32; `source` likewise, or with n = 1, where the operation takes rows.
at::Tensor changed(const Edit&, const at::Tensor& rows, const at::Tensor& source);

/// What becomes of the rows in place of what the edit made of them: (before, after) -> rows.
using Adjust = std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>;

/// The edit for taps. `adjust` may be empty.
model::Taps::Edit bind(const Edit&, const at::Tensor& source, const Adjust& adjust = {});

/// A control: the rows move as far as the edit moves them (sample by sample, lengths measured with `gain` [D] folded
/// in, that of the norm that reads them; undefined: 1), in a random direction; where the edit has dimensions, along
/// random signs in as many other dimensions; where it has a basis, in a random direction of those in which the
/// `natural` rows [m, D] vary, since any other would also move what no natural row moves, less what lies along the
/// basis itself: natural rows differ most where token 0 does, so that it would be a part of the edit again.
Adjust random_move(const Edit&, const at::Tensor& gain, const at::Tensor& natural, uint64_t seed);

}  // namespace sinkscope::intervene
