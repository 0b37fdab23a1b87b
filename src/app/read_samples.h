#pragma once

#include <set>
#include <string>

#include "sinkscope/app/run_options.h"
#include "sinkscope/model/checkpoint.h"
#include "sinkscope/text/corpus.h"
#include "sinkscope/text/tokenizer.h"

namespace sinkscope::app {

/// The samples of --text or --tokens, with BOS where --bos and the tokenizer say so (null: the checkpoint has none).
/// `given` are the options that were set. Throws InputError.
text::Samples read_samples(const RunOptions&, const std::set<std::string>& given, const model::Checkpoint&,
                           const text::Tokenizer*);

}  // namespace sinkscope::app
