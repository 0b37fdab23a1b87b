#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/intervene/trial.h"

namespace sinkscope::trials::search {

/// The form that the first-token signal may have at a site: some of its dimensions, or directions through some of them
/// or through all. Neither: the whole vector.
struct Signal {
  std::vector<int64_t> dimensions = {};  ///< sorted; beside a basis those outside of which it is zero, none: all
  at::Tensor basis = {};                 ///< [rank, D] float32, orthonormal rows; undefined: the dimensions themselves
  bool is_directions() const { return basis.defined(); }
  int64_t rank() const;                    ///< how many numbers of a row it is; 0 of the whole vector
  int64_t support(int64_t d_model) const;  ///< in how many channels
};

/// "channel 5", "channels 5, 61", "a direction", "a direction in 7 channels", "2 directions", "the whole vector"
std::string name(const Signal&);

/// One direction, made unit length: of [D].
Signal along(const at::Tensor& shift);

/// {"dimensions", "rank", "directions"}; without the numbers of a basis, which the edits of its trials hold.
nlohmann::json to_json(const Signal&);

/// The channels of --dimensions, each once; none for an empty text. Throws InputError for one that the residual does
/// not have.
std::vector<int64_t> parse_channels(const std::string& list, const model::Config&);

Signal joined(const std::vector<Signal>&);  ///< of dimensions

/// The signal's coordinates at token `to` become their mean over samples at token `from`: a level, the same for all.
intervene::Edit level_of(const model::Site&, const Signal&, int64_t from, int64_t to);

/// They become what the same sample has at token `from`.
intervene::Edit own_of(const model::Site&, const Signal&, int64_t from, int64_t to);

/// They become what the same sample has at this token of another run.
intervene::Edit copy_of(const model::Site&, const Signal&, const std::string& run, int64_t token);

/// Mean coordinates [C] float64 of rows [n, D].
at::Tensor mean_coordinates(const Signal&, const at::Tensor& rows);

}  // namespace sinkscope::trials::search
