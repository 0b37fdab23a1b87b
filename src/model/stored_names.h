#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sinkscope::model {

/// The name that a stored tensor has in a model whose tensors are `wanted`, with the prefix "model." put before it or
/// taken away where that gives one of them: transformers' rename_source_key, which loads base models so. Empty where
/// it has no place.
std::string wanted_name(const std::string& stored, const std::set<std::string>& wanted);

/// Why a tensor may be missing, by the names that were stored: ": ..." or empty.
std::string why_missing(const std::string& tensor, const std::vector<std::string>& left_over);

}  // namespace sinkscope::model
