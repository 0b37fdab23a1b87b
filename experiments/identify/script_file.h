#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "experiments/identify/signal_file.h"
#include "sinkscope/result/file.h"

namespace sinkscope::experiments::identification {

/// The program beside a result.
std::filesystem::path script_file(const std::filesystem::path& out);

/// Throws InputError where it could not repeat the run's numbers: in float8, which transformers does not compute in.
void check_script(const app::Run&);

/// What it reads beside the signals: "choosing.ids" [n, T] int64, padded with 0, and "choosing.lengths" [n] int64, of
/// the samples that choose, and "testing.ids" and "testing.lengths" of those that test.
Tensors tokens_of_halves(trials::Runner&);

/// Writes experiments/identify/apply.py, which reads the result and its tensors by its own name. Warns, and leaves
/// none, where `results` have no signal.
void write_script(trials::Runner&, const nlohmann::json& results, result::Existing);

}  // namespace sinkscope::experiments::identification
