#pragma once

#include <vector>

#include "experiments/identify/evidence.h"

namespace sinkscope::experiments::identification {

/// The trials of a lesser form, Lesser: Role::removal and Role::writing of a candidate's signal in this form. Without
/// random moves: what is asked is how much less it does than the whole.
std::vector<intervene::Trial> lesser_trials(const Candidate&, const Signal& form, const nlohmann::json& about,
                                            int64_t token);

/// Of a list that holds them, and the whole's removal and its first set's writing.
Lesser judge_lesser(trials::Runner&, const std::vector<Measured>&, const Signal& form, const nlohmann::json& about,
                    const Evidence& whole);

/// {"dimensions", "rank", "written", "removed", "as_well"}; null where there is none.
nlohmann::json to_json(const std::optional<Lesser>&);

}  // namespace sinkscope::experiments::identification
