#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinkscope::experiments::identification {

// What the page is put together from. Each takes one stage of the results of an identify, or a part of it.

std::string text_at(const nlohmann::json& object, const char* key);

/// Three digits, or "none" for null.
std::string number(const nlohmann::json&);

/// "mean [low, high]"; the mean alone where it has no interval.
std::string interval(const nlohmann::json&);

/// "3, 7 and 2 more": the first 16 of a list.
std::string channels(const nlohmann::json& list);

/// "channels 3, 7; a direction in 5 channels", of a candidate's sets.
std::string signals(const nlohmann::json& sets);

/// "260 (42), 28 (3)": of [{"id", "count"}].
std::string ids(const nlohmann::json& list);

/// Which blocks write or remove the massive activation, of a result's `massive_writes`.
std::string massive_section(const nlohmann::json& writes);

/// The arrows from seeing only itself to the sink, a line each.
std::string chain_section(const nlohmann::json& stage);

/// The unedited sink, the massive activation, the blocks needed, and what each residual holds.
std::string sink_section(const nlohmann::json& stage);

/// One candidate: its conditions as claims, and what else a reader asks of its trials.
std::string candidate_section(const nlohmann::json& stage, size_t candidate);

/// The signal's channels, what writes it and what could read it; empty without a signal.
std::string composition(const nlohmann::json& stage);

/// Which later tokens are sinks too, and whether they carry the signal.
std::string later_sinks_section(const nlohmann::json& stage);

/// What each claim's number is, and the page's terms.
std::string definitions(const nlohmann::json& stages);

/// What was measured beside the candidates: the self-only token, other channels that tell token 0 apart, backups.
std::string beside(const nlohmann::json& stage);

}  // namespace sinkscope::experiments::identification
