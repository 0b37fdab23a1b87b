#include "sinkscope/trials/strata.h"

#include <ATen/ATen.h>

#include <vector>

#include "sinkscope/text/token_kinds.h"

namespace sinkscope::trials {
namespace {

/// What first tokens the samples have.
std::vector<std::string> first_token_kinds(const app::Run& r) {
  const auto* tokenizer = r.tokenizer();
  std::vector<std::string> kinds;
  for (const auto& ids : r.samples().ids) {
    std::string kind = "ordinary";
    if (ids.size() > 1 && ids[0] == ids[1]) {
      kind = "repeated";
    } else if (tokenizer && ids[0] < tokenizer->size()) {
      const auto of_token = text::token_kind(tokenizer->bytes(ids[0]), tokenizer->is_special(ids[0]));
      if (of_token == "special" || of_token == "whitespace") kind = of_token;
    }
    kinds.push_back(kind);
  }
  return kinds;
}

/// `kinds`: of every sample.
Strata strata_of(const std::vector<std::string>& kinds, const measure::Bootstrap& all) {
  Strata parts;
  for (const auto& kind : kinds) {
    if (parts.contains(kind)) continue;
    auto chosen = at::zeros({static_cast<int64_t>(kinds.size())}, at::kBool);
    for (size_t i = 0; i < kinds.size(); ++i) chosen[static_cast<int64_t>(i)] = kinds[i] == kind;
    parts.emplace(kind, all.over(chosen));
  }
  return parts;
}

}  // namespace

Strata strata_by_first_token(const app::Run& r, const measure::Bootstrap& all) {
  return strata_of(first_token_kinds(r), all);
}

Strata strata_by_text(const app::Run& r, const measure::Bootstrap& all) {
  std::vector<std::string> names;
  for (const int64_t text : r.samples().text_of) names.push_back(r.samples().texts[static_cast<size_t>(text)].name);
  return strata_of(names, all);
}

}  // namespace sinkscope::trials
