#pragma once

#include <string>

namespace sinkscope::text {

/// A pattern with \p{..}, \P{..}, \w, \d, \s, \b and their opposites spelled out as the characters that the pinned
/// `tokenizers` has in them. Throws InputError that names a class for which there is no table.
std::string spell_classes(const std::string& pattern);

}  // namespace sinkscope::text
