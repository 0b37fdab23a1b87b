#include "text/normalizers/normalizer.h"

#include <map>
#include <nlohmann/json.hpp>

#include "text/code_points.h"
#include "text/unsupported.h"

namespace sinkscope::text {

std::unique_ptr<Normalizer> read_normalizer(const nlohmann::json& part) {
  using Make = std::unique_ptr<Normalizer> (*)(const nlohmann::json&);
  static const std::map<std::string, Make> kinds = {
      {"ByteLevel", normalizers::byte_level},
      {"Lowercase", normalizers::lowercase},
      {"NFC", normalizers::unicode},
      {"NFD", normalizers::unicode},
      {"NFKC", normalizers::unicode},
      {"NFKD", normalizers::unicode},
      {"Nmt", normalizers::nmt},
      {"Prepend", normalizers::prepend},
      {"Replace", normalizers::replace},
      {"Sequence", normalizers::sequence},
      {"Strip", normalizers::strip},
      {"StripAccents", normalizers::strip_accents},
  };
  if (part.is_null()) return nullptr;
  const auto kind = kinds.find(type_of(part));
  if (kind == kinds.end()) unsupported("normalizer", part);
  return kind->second(part);
}

namespace normalizers {

void map_characters(NormalizedString& string, const std::function<void(std::string& to, char32_t c)>& append) {
  std::string mapped;
  mapped.reserve(string.text.size());
  size_t origin = 0;
  for (size_t at = 0; at < string.text.size();) {
    const bool is_origin = at < string.origin;
    append(mapped, next_character(string.text, at));
    if (is_origin) origin = mapped.size();
  }
  string.text = std::move(mapped);
  string.origin = origin;
}

}  // namespace normalizers
}  // namespace sinkscope::text
