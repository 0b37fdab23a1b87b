// NFC, NFD, NFKC and NFKD by ICU, as far as the package's older Unicode data go.

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <stdexcept>

#include "text/normalizers/normalizer.h"
#include "text/unicode_tables.h"
#include "text/unsupported.h"

namespace sinkscope::text::normalizers {
namespace {

void check(UErrorCode error) {
  if (U_FAILURE(error)) throw std::runtime_error(std::string("ICU cannot normalise: ") + u_errorName(error));
}

template <size_t N>
icu::UnicodeSet set_of(const CodePointRange (&ranges)[N]) {
  icu::UnicodeSet set;
  for (const auto& range : ranges) set.add(static_cast<UChar32>(range.first), static_cast<UChar32>(range.last));
  return set;
}

/// All characters but those that ICU moves or takes apart and the package does not; with one that is taken apart goes
/// the character that it begins with, or ICU would put it together.
icu::UnicodeSet known_to_both() {
  constexpr UChar32 kIotaSubscript = 0x345;  // combining class 240, which the table's question cannot ask
  const auto marks = set_of(kCombining).add(kIotaSubscript);
  const auto decomposing = set_of(kDecomposing);
  UErrorCode error = U_ZERO_ERROR;
  const auto* nfkd = icu::Normalizer2::getNFKDInstance(error);
  check(error);
  icu::UnicodeSet set(0, 0x10FFFF);
  for (UChar32 c = 0; c < 0x110000; ++c) {
    if (u_getCombiningClass(c) != 0 && !marks.contains(c)) set.remove(c);
    icu::UnicodeString parts;
    if (decomposing.contains(c) || !nfkd->getDecomposition(c, parts)) continue;
    set.remove(c);
    if (const UChar32 first = parts.char32At(0); first > 0xFFF) set.remove(first);
  }
  set.freeze();
  return set;
}

const icu::Normalizer2* normalizer_of(const std::string& form) {
  UErrorCode error = U_ZERO_ERROR;
  const auto* found = form == "NFC"    ? icu::Normalizer2::getNFCInstance(error)
                      : form == "NFD"  ? icu::Normalizer2::getNFDInstance(error)
                      : form == "NFKC" ? icu::Normalizer2::getNFKCInstance(error)
                                       : icu::Normalizer2::getNFKDInstance(error);
  check(error);
  return found;
}

class Unicode : public Normalizer {
 public:
  explicit Unicode(const std::string& form) : form_(normalizer_of(form)) {}

  void normalize(NormalizedString& string) const override {
    const auto& text = string.text;
    if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return;
    string.origin = normalized(std::string_view(text).substr(0, string.origin)).size();
    string.text = normalized(text);
  }

 private:
  std::string normalized(std::string_view utf8) const {
    static const icu::UnicodeSet known = known_to_both();  // a tenth of a second: for the first text that needs it
    const icu::FilteredNormalizer2 filtered(*form_, known);
    std::string result;
    UErrorCode error = U_ZERO_ERROR;
    icu::StringByteSink<std::string> sink(&result);
    filtered.normalizeUTF8(0, icu::StringPiece(utf8.data(), static_cast<int32_t>(utf8.size())), sink, nullptr, error);
    check(error);
    return result;
  }

  const icu::Normalizer2* form_;
};

}  // namespace

std::unique_ptr<Normalizer> unicode(const nlohmann::json& part) {
  return std::make_unique<Unicode>(type_of(part));
}

}  // namespace sinkscope::text::normalizers
