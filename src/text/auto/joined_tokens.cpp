#include "text/auto/joined_tokens.h"

#include <algorithm>
#include <map>

#include "text/auto/class_pipelines.h"
#include "text/tokenizer_parts.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;

constexpr const char* kNamed[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};

/// A token that a file names, and its flags where it says them.
struct Named {
  std::string content;
  std::optional<AddedToken> flags;
};

bool is_same(const AddedToken& a, const AddedToken& b) {
  return a.content == b.content && a.single_word == b.single_word && a.lstrip == b.lstrip && a.rstrip == b.rstrip &&
         a.normalized == b.normalized && a.special == b.special;
}

bool is_same(const Named& a, const Named& b) {
  if (a.flags.has_value() != b.flags.has_value()) return false;
  return a.flags ? is_same(*a.flags, *b.flags) : a.content == b.content;
}

std::optional<Named> read_named(const json& value) {
  if (value.is_string()) return Named{value.get<std::string>(), {}};
  if (value.is_object()) return Named{value.at("content").get<std::string>(), read_added_token(value)};
  return std::nullopt;
}

class Joining {
 public:
  Joining(const FolderFiles& files, const json& own, const std::string& name) : config_(files.tokenizer_config) {
    if (const auto more = config_.find("additional_special_tokens"); more != config_.end()) {
      if (!config_.contains("extra_special_tokens")) config_["extra_special_tokens"] = *more;
    }
    if (config_.contains("added_tokens_decoder")) {
      read_decoder();
    } else {
      read_special_tokens_map(files.special_tokens_map);
      read_added_tokens(files.added_tokens);
      for (const auto& value : own) numbered_[read_id(value.at("id"), "added")] = read_added_token(value);
    }
    name_tokens(class_special_tokens(name));
  }

  JoinedTokens join(const json& own, bool is_rebuilt, const std::string& name) const {
    std::vector<AddedToken> present;
    if (!is_rebuilt) {
      for (const auto& value : own) present.push_back(read_added_token(value));
    }
    JoinedTokens joined;
    joined.added.push_back(tokens_to_add(present));
    if (name == "Qwen2Tokenizer") joined.added.push_back(as_special(/*keeps_flags=*/false));
    if (name == "CohereTokenizer") joined.added.push_back(as_special(/*keeps_flags=*/true));
    if (const auto bos = named_.find("bos_token"); bos != named_.end()) joined.bos = bos->second.content;
    if (const auto eos = named_.find("eos_token"); eos != named_.end()) joined.eos = eos->second.content;
    return joined;
  }

 private:
  void read_decoder() {
    for (const auto& [key, value] : config_["added_tokens_decoder"].items())
      numbered_[read_id(json::parse(key), "added_tokens_decoder")] = read_added_token(value);
  }

  /// Its tokens take the place of tokenizer_config.json's, and are special.
  void read_special_tokens_map(const json& map) {
    for (const auto& [key, value] : map.items()) {
      auto token = value;
      if (token.is_object() && key != "extra_special_tokens") token["special"] = true;
      if (token.is_object() && !token.contains("normalized")) token["normalized"] = false;
      if (key == "additional_special_tokens" || key == "extra_special_tokens")
        add_extra(token);
      else
        config_[key] = token;
    }
  }

  void add_extra(const json& tokens) {
    auto& extra = config_["extra_special_tokens"];
    if (!extra.is_array()) extra = json::array();
    for (auto token : tokens) {
      if (token.is_object()) token["special"] = true;
      if (std::find(extra.begin(), extra.end(), token) == extra.end()) extra.push_back(token);
    }
  }

  void read_added_tokens(const json& ids) {
    for (const auto& [content, id] : ids.items()) {
      const bool is_special = names(content);
      numbered_[read_id(id, content)] = {.content = content, .normalized = !is_special, .special = is_special};
    }
  }

  bool names(const std::string& content) const {
    const auto is_named = [&](const json& value) {
      if (value.is_object() && value.contains("__type")) return false;  // transformers has not read it by then
      const auto token = read_named(value);
      return token && token->content == content;
    };
    const auto extra = config_.value("extra_special_tokens", json::array());
    return std::any_of(std::begin(kNamed), std::end(kNamed),
                       [&](const char* key) { return is_named(config_.value(key, json())); }) ||
           std::any_of(extra.begin(), extra.end(), is_named);
  }

  /// bos_token and so on, then what else ends in "_token", then the extra ones.
  void name_tokens(const json& defaults) {
    const auto put = [&](const std::string& key, const json& value) {
      auto token = read_named(value);
      if (!token) return;
      for (const auto& [id, known] : numbered_) {
        if (known.content == token->content && is_class_key(key)) token->flags = known;
      }
      named_[key] = *token;
      order_.push_back(key);
    };
    for (const auto* key : kNamed) put(key, config_.value(key, defaults.value(key, json())));
    for (const auto& [key, value] : config_.items()) {
      if (key.ends_with("_token") && value.is_string() && !is_class_key(key)) put(key, value);
    }
    const auto extra = config_.value("extra_special_tokens", json());
    if (extra.is_object()) {
      for (const auto& [key, value] : extra.items()) put(key, value);
    } else if (extra.is_array()) {
      for (const auto& value : extra) extra_.push_back(*read_named(value));
    }
  }

  static bool is_class_key(const std::string& key) {
    return std::find(std::begin(kNamed), std::end(kNamed), key) != std::end(kNamed);
  }

  bool is_named_content(const std::string& content) const {
    return std::any_of(named_.begin(), named_.end(),
                       [&](const auto& entry) { return entry.second.content == content; });
  }

  /// By id those whose flags are new, then the special ones that are not there yet.
  std::vector<AddedToken> tokens_to_add(const std::vector<AddedToken>& present) const {
    std::vector<AddedToken> tokens;
    const auto holds = [](const std::vector<AddedToken>& list, const std::string& content) {
      return std::any_of(list.begin(), list.end(), [&](const AddedToken& token) { return token.content == content; });
    };
    for (const auto& [id, token] : numbered_) {
      if (std::none_of(present.begin(), present.end(), [&](const auto& other) { return is_same(other, token); }))
        tokens.push_back(token);
    }
    const auto numbered = tokens;
    std::vector<Named> added;
    const auto add = [&](const Named& token) {  // again where its flags differ, which then win
      if (holds(present, token.content) || holds(numbered, token.content)) return;
      if (std::any_of(added.begin(), added.end(), [&](const Named& other) { return is_same(other, token); })) return;
      added.push_back(token);
      tokens.push_back(token.flags.value_or(AddedToken{.content = token.content, .special = true}));
    };
    for (const auto& key : order_) add(named_.at(key));
    for (const auto& token : extra_) add(token);
    for (auto& token : tokens) token.special |= is_named_content(token.content);
    return tokens;
  }

  /// Two classes add their special tokens once more at the end.
  std::vector<AddedToken> as_special(bool keeps_flags) const {
    std::vector<AddedToken> tokens;
    const auto add = [&](const Named& token) {
      tokens.push_back(keeps_flags && token.flags ? *token.flags : AddedToken{.content = token.content});
      tokens.back().special = true;
    };
    for (const auto& key : order_) add(named_.at(key));
    for (const auto& token : extra_) add(token);
    return tokens;
  }

  json config_;
  std::map<int64_t, AddedToken> numbered_;
  std::map<std::string, Named> named_;
  std::vector<std::string> order_;
  std::vector<Named> extra_;
};

}  // namespace

JoinedTokens join_tokens(const FolderFiles& files, const json& own, bool is_rebuilt, const std::string& name) {
  return Joining(files, own, name).join(own, is_rebuilt, name);
}

}  // namespace sinkscope::text
