#pragma once

#include <string>
#include <string_view>

namespace sinkscope::text {

/// Unicode NFC as the pinned `tokenizers` package does it: marks that its older data do not know stay where they are.
std::string normalize_nfc(std::string_view utf8);

}  // namespace sinkscope::text
