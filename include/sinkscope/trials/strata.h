#pragma once

#include <map>
#include <string>

#include "sinkscope/app/run.h"
#include "sinkscope/measure/bootstrap.h"

namespace sinkscope::trials {

/// The same bootstrap over the samples of one kind of first token: ordinary, whitespace, special, or repeated (token 1
/// is the same id). Kinds that no sample has are not there.
std::map<std::string, measure::Bootstrap> strata_by_first_token(const app::Run&, const measure::Bootstrap& all);

}  // namespace sinkscope::trials
