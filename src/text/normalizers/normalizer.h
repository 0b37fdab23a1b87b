#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "text/patterns/pattern.h"

namespace sinkscope::text {

/// A stretch of text on its way to the model. Metaspace's scheme "first" asks where in the original text a stretch
/// begins, so that is carried along.
struct NormalizedString {
  std::string text;
  bool is_first = false;  ///< begins where the original text begins
  size_t origin = 0;      ///< bytes at its beginning that stand for the original's first character; 0 unless `is_first`
};

/// Changes a stretch as a whole, before it is split.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(NormalizedString& string) const = 0;
};

/// The normalizer of a tokenizer.json; null where it has none. Throws InputError for a kind that is not supported.
std::unique_ptr<Normalizer> read_normalizer(const nlohmann::json& part);

/// One for each kind, each in a file of its name.
namespace normalizers {

std::unique_ptr<Normalizer> byte_level(const nlohmann::json& part);
std::unique_ptr<Normalizer> lowercase(const nlohmann::json& part);
std::unique_ptr<Normalizer> nmt(const nlohmann::json& part);
std::unique_ptr<Normalizer> prepend(const nlohmann::json& part);
std::unique_ptr<Normalizer> replace(const nlohmann::json& part);
std::unique_ptr<Normalizer> sequence(const nlohmann::json& part);
std::unique_ptr<Normalizer> strip(const nlohmann::json& part);
std::unique_ptr<Normalizer> strip_accents(const nlohmann::json& part);
std::unique_ptr<Normalizer> unicode(const nlohmann::json& part);  ///< NFC, NFD, NFKC, NFKD

/// For normalizers that change one character after the other: appends what becomes of each.
void map_characters(NormalizedString& string, const std::function<void(std::string& to, char32_t c)>& append);

/// Puts a text before a stretch that is not empty.
void prepend_to(NormalizedString& string, const std::string& text);

/// Puts a text in the place of every match.
void replace_in(NormalizedString& string, const Pattern& pattern, const std::string& content);

}  // namespace normalizers
}  // namespace sinkscope::text
