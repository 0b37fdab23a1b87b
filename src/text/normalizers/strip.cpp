#include <algorithm>
#include <nlohmann/json.hpp>

#include "text/code_points.h"
#include "text/normalizers/normalizer.h"

namespace sinkscope::text::normalizers {
namespace {

/// White space at the beginning, at the end, or both.
class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void normalize(NormalizedString& string) const override {
    auto& text = string.text;
    size_t begin = 0, end = text.size();
    for (size_t at = begin; left_ && at < end && is_white_space(next_character(text, at));) begin = at;
    for (size_t at = end; right_ && at > begin && is_white_space(previous_character(text, at));) end = at;
    text.erase(end);
    text.erase(0, begin);
    string.origin -= std::min(string.origin, begin);
    string.origin = std::min(string.origin, text.size());
  }

 private:
  bool left_, right_;
};

}  // namespace

std::unique_ptr<Normalizer> strip(const nlohmann::json& part) {
  return std::make_unique<Strip>(part.at("strip_left").get<bool>(), part.at("strip_right").get<bool>());
}

}  // namespace sinkscope::text::normalizers
