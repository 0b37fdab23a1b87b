#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "sinkscope/text/corpus.h"
#include "sinkscope/trials/outcome.h"

namespace sinkscope::trials {

/// Indices of samples [..] int64: those that choose candidates, and those that test them.
struct SelectionSplit {
  at::Tensor choosing = {}, testing = {};
};

/// Every sample in both.
SelectionSplit undivided(int64_t samples);

/// Half of the documents each, drawn; of several texts half of each one's, so that both halves have them all.
/// Throws InputError for fewer than 4 documents of a text.
SelectionSplit draw_split(const text::Samples&, uint64_t seed);

/// Of these samples, [n] int64, as of all `count`: NaN in the others' rows of everything that has one row a sample.
Outcome spread(Outcome, const at::Tensor& samples, int64_t count);

}  // namespace sinkscope::trials
