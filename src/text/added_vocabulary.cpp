#include "text/added_vocabulary.h"

#include <algorithm>

namespace sinkscope::text {

void AddedVocabulary::add(const std::vector<AddedToken>& tokens) {
  int64_t next = next_id();
  for (auto token : tokens) {
    const int64_t known = id_of(token.content);
    token.id = known >= 0 ? known : next++;
    ids_[token.content] = token.id;
    if (token.special) special_.insert(token.content);
    if (token.normalized && normalizer_) {
      NormalizedString string{.text = token.content};
      normalizer_->normalize(string);
      if (string.text != token.content) normalized_[token.id] = string.text;
    }
    tokens_[token.id] = std::move(token);
  }
}

const std::string& AddedVocabulary::normalized(const AddedToken& token) const {
  const auto found = normalized_.find(token.id);
  return found == normalized_.end() ? token.content : found->second;
}

int64_t AddedVocabulary::id_of(const std::string& content) const {
  if (const auto found = ids_.find(content); found != ids_.end()) return found->second;
  const auto found = vocabulary_.find(content);
  return found == vocabulary_.end() ? -1 : found->second;
}

/// After the model's, of which the number counts and not the largest id, and after those that are added.
int64_t AddedVocabulary::next_id() const {
  const auto size = static_cast<int64_t>(vocabulary_.size());
  return tokens_.empty() ? size : std::max(size, tokens_.rbegin()->first + 1);
}

}  // namespace sinkscope::text
