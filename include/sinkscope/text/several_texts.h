#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sinkscope/text/corpus.h"

namespace sinkscope::text {

/// The files of a comma list. A file that has the commas in its name is meant by it where not all of the parts are
/// files. Throws InputError where both can be meant, for an empty part, and for a file that is named twice.
std::vector<std::filesystem::path> text_files(const std::string& list);

/// What each of several files is called: its name, or its path where another has the same name.
std::vector<std::string> text_names(const std::vector<std::filesystem::path>& files);

/// How many of `n` samples text `text` of `texts` gives: equal shares, what is left over to the first ones.
int64_t share_of(int64_t n, size_t text, size_t texts);

/// Samples of several texts as one list: sample i is of text i mod k, so that any first part of it has them all.
/// `of_texts` has one entry a file, each with its share_of() the sum. Documents of different texts stay different.
Samples interleave(const std::vector<Samples>& of_texts, const std::vector<std::filesystem::path>& files);

}  // namespace sinkscope::text
