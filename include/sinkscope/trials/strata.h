#pragma once

#include <map>
#include <string>

#include "sinkscope/app/run.h"
#include "sinkscope/measure/bootstrap.h"

namespace sinkscope::trials {

/// The same bootstrap over the samples of one kind, by the kind's name.
using Strata = std::map<std::string, measure::Bootstrap>;

/// By the kind of the first token: ordinary, whitespace, special, or repeated (token 1 is the same id). Kinds that no
/// sample has are not there.
Strata strata_by_first_token(const app::Run&, const measure::Bootstrap& all);

/// By the text that a sample is of; empty where there is one.
Strata strata_by_text(const app::Run&, const measure::Bootstrap& all);

}  // namespace sinkscope::trials
