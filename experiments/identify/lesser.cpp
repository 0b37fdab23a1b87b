#include "experiments/identify/lesser.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "sinkscope/measure/statistics.h"
#include "sinkscope/trials/trial_list.h"

namespace sinkscope::experiments::identification {

using intervene::Role;

std::vector<intervene::Trial> lesser_trials(const Candidate& candidate, const Signal& form, const nlohmann::json& about,
                                            int64_t token) {
  const auto trial = [&](const char* what, Role role, intervene::Edit edit) {
    return intervene::Trial{.name = fmt::format("{} {} at {}", what, name(form), trials::short_name(candidate.site)),
                            .role = role,
                            .about = about,
                            .edits = {std::move(edit)},
                            .random_controls = false};
  };
  return {trial("remove", Role::removal, level_of(candidate.site, form, token, 0)),
          trial("write", Role::writing, writing_of(candidate, form, token))};
}

Lesser judge_lesser(trials::Runner& r, const std::vector<Measured>& measured, const Signal& form,
                    const nlohmann::json& about, const Evidence& whole) {
  const auto less = [&](Role role, const nlohmann::json& all, int64_t which) {
    return r.bootstrap().interval(outcome_of(measured, role, about).sink(which) -
                                  outcome_of(measured, role, all).sink(which));
  };
  Lesser found{.form = form,
               .written = less(Role::writing, whole.about(0), kLater),
               .removed = less(Role::removal, whole.about(), 0)};
  const double bound = r.options().equivalence * r.unedited().sink(0).nanmean().item<double>();
  const bool as_well = found.written.low >= -bound && found.removed.high <= bound;
  const bool less_well = found.written.high < -bound || found.removed.low > bound;
  found.as_well = as_well ? Met::yes : less_well ? Met::no : Met::open;
  return found;
}

nlohmann::json to_json(const std::optional<Lesser>& found) {
  if (!found) return nullptr;
  return {{"dimensions", found->form.dimensions},
          {"rank", found->form.rank()},
          {"written", measure::to_json(found->written)},
          {"removed", measure::to_json(found->removed)},
          {"as_well", name(found->as_well)}};
}

}  // namespace sinkscope::experiments::identification
