#include "text/normalize.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include <algorithm>
#include <stdexcept>

#include "text/unicode_tables.h"

namespace sinkscope::text {
namespace {

bool is_known_mark(char32_t c) {
  return std::any_of(std::begin(kCombining), std::end(kCombining),
                     [c](const CodePointRange& range) { return c >= range.first && c <= range.last; });
}

/// All characters but the marks that ICU reorders and the package does not.
icu::UnicodeSet known_to_both() {
  constexpr UChar32 kIotaSubscript = 0x345;  // combining class 240, which the table's question cannot ask
  icu::UnicodeSet set(0, 0x10FFFF);
  for (UChar32 c = 0x300; c < 0x110000; ++c) {
    if (u_getCombiningClass(c) != 0 && c != kIotaSubscript && !is_known_mark(static_cast<char32_t>(c))) set.remove(c);
  }
  set.freeze();
  return set;
}

void check(UErrorCode error) {
  if (U_FAILURE(error)) throw std::runtime_error(std::string("ICU cannot normalise: ") + u_errorName(error));
}

const icu::Normalizer2& normalizer() {
  static const icu::UnicodeSet set = known_to_both();
  static const icu::FilteredNormalizer2 filtered = [] {
    UErrorCode error = U_ZERO_ERROR;
    const auto* nfc = icu::Normalizer2::getNFCInstance(error);
    check(error);
    return icu::FilteredNormalizer2(*nfc, set);
  }();
  return filtered;
}

}  // namespace

std::string normalize_nfc(std::string_view utf8) {
  std::string normalized;
  if (std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    normalized = utf8;
    return normalized;
  }
  UErrorCode error = U_ZERO_ERROR;
  icu::StringByteSink<std::string> sink(&normalized);
  normalizer().normalizeUTF8(0, icu::StringPiece(utf8.data(), static_cast<int32_t>(utf8.size())), sink, nullptr, error);
  check(error);
  return normalized;
}

}  // namespace sinkscope::text
