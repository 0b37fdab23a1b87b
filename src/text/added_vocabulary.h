#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/models/model.h"

namespace sinkscope::text {

/// The added tokens of a tokenizer, with the ids that `tokenizers` gives them: what the model or an earlier added token
/// has already, else the next free one, whatever the file says.
class AddedVocabulary {
 public:
  /// `normalizer` may be null.
  AddedVocabulary(const Vocabulary& vocabulary, const Normalizer* normalizer)
      : vocabulary_(vocabulary), normalizer_(normalizer) {}

  /// Those of one file at once; a token that is there already gets the new flags.
  void add(const std::vector<AddedToken>& tokens);

  /// By id.
  const std::map<int64_t, AddedToken>& tokens() const { return tokens_; }

  /// A token stays special once it was so.
  bool is_special(const std::string& content) const { return special_.contains(content); }

  /// -1: neither added nor in the model.
  int64_t id_of(const std::string& content) const;

  /// How a normalised token stands in normalised text; its content where that is the same.
  const std::string& normalized(const AddedToken& token) const;

 private:
  int64_t next_id() const;

  const Vocabulary& vocabulary_;
  const Normalizer* normalizer_;
  std::map<int64_t, AddedToken> tokens_;
  std::map<std::string, int64_t> ids_;
  std::map<int64_t, std::string> normalized_;
  std::set<std::string> special_;
};

}  // namespace sinkscope::text
