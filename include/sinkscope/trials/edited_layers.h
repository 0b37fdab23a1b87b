#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sinkscope/model/config.h"

namespace sinkscope::trials {

/// The layers of an option whose attention is edited, in order, each once. Throws InputError for one that the model
/// does not have.
std::vector<int64_t> parse_layers(const std::string& list, const model::Config&, const char* option = "--layers");

/// Throws InputError for a layer whose attention comes too late for the sink. Where no sink was found (-1) any may be.
void check_before_sink(const std::vector<int64_t>& layers, int64_t sink_layer);

}  // namespace sinkscope::trials
