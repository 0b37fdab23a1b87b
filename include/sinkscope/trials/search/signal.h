#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sinkscope/intervene/trial.h"

namespace sinkscope::trials::search {

/// The form that the first-token signal may have at a site: some of its dimensions, or one direction through all of
/// them. Neither: the whole vector.
struct Signal {
  std::vector<int64_t> dimensions = {};  ///< sorted
  at::Tensor direction = {};             ///< [1, D] float32, unit length
};

/// "channel 5", "channels 5, 61", "a direction", "the whole vector"
std::string name(const Signal&);

/// {"dimensions", "rank"}; of a direction without its numbers, which the edits of its trials hold.
nlohmann::json to_json(const Signal&);

/// The channels of --dimensions, each once; none for an empty text. Throws InputError for one that the residual does
/// not have.
std::vector<int64_t> parse_channels(const std::string& list, const model::Config&);

Signal joined(const std::vector<Signal>&);  ///< of dimensions

/// The signal's coordinates at token `to` become their mean over samples at token `from`: a level, the same for all.
intervene::Edit level_of(const model::Site&, const Signal&, int64_t from, int64_t to);

/// They become what the same sample has at this token of another run.
intervene::Edit copy_of(const model::Site&, const Signal&, const std::string& run, int64_t token);

/// Mean coordinates [C] float64 of rows [n, D].
at::Tensor mean_coordinates(const Signal&, const at::Tensor& rows);

}  // namespace sinkscope::trials::search
