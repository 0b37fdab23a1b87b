#include <nlohmann/json.hpp>

#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {
namespace {

class Sequence : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Normalizer>> parts) : parts_(std::move(parts)) {}

  void normalize(NormalizedString& string) const override {
    for (const auto& part : parts_) part->normalize(string);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> parts_;
};

}  // namespace

std::unique_ptr<Normalizer> sequence(const nlohmann::json& part) {
  std::vector<std::unique_ptr<Normalizer>> parts;
  for (const auto& value : part.at("normalizers")) {
    if (auto normalizer = read_normalizer(value)) parts.push_back(std::move(normalizer));
  }
  return std::make_unique<Sequence>(std::move(parts));
}

}  // namespace sinkscope::text::normalizers
