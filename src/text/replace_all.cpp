#include "text/replace_all.h"

namespace sinkscope::text {

std::string replace_all(std::string_view text, std::string_view part, std::string_view by) {
  std::string replaced;
  size_t done = 0;
  for (size_t at; (at = text.find(part, done)) != std::string_view::npos; done = at + part.size()) {
    replaced += text.substr(done, at - done);
    replaced += by;
  }
  replaced += text.substr(done);
  return replaced;
}

}  // namespace sinkscope::text
