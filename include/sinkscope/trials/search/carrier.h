#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/intervene/trial.h"

namespace sinkscope::trials::search {

/// What may carry the mark at a site: some of its dimensions, or one direction through all of them. Neither: the whole
/// vector.
struct Carrier {
  std::vector<int64_t> dimensions = {};  ///< sorted
  at::Tensor direction = {};             ///< [1, D] float32, unit length
};

/// "channel 5", "channels 5, 61", "a direction", "the whole vector"
std::string name(const Carrier&);

nlohmann::json to_json(const Carrier&);

/// The channels of --dimensions, each once; none for an empty text. Throws InputError for one that the residual does
/// not have.
std::vector<int64_t> parse_channels(const std::string& list, const model::Config&);

Carrier joined(const std::vector<Carrier>&);  ///< of dimensions

/// The carrier's coordinates at token `to` become their mean over samples at token `from`: a level, the same for all.
intervene::Edit level_of(const model::Site&, const Carrier&, int64_t from, int64_t to);

/// They become what the same sample has at this token of another run.
intervene::Edit copy_of(const model::Site&, const Carrier&, const std::string& run, int64_t token);

/// Mean coordinates [C] float64 of rows [n, D].
at::Tensor mean_coordinates(const Carrier&, const at::Tensor& rows);

}  // namespace sinkscope::trials::search
