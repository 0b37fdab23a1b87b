#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sinkscope::experiments::identification {

/// The page beside a result.
std::filesystem::path page_file(const std::filesystem::path& out);

/// A page of plain text: question, answer, the chain of each stage, evidence, what would overturn it, definitions.
/// `results` are those that identify writes; `measured` names the samples.
std::string page(const nlohmann::json& results, const std::string& model, const std::string& measured);

}  // namespace sinkscope::experiments::identification
