#include "experiments/identify/arrows.h"

#include <ATen/ATen.h>

#include <limits>
#include <map>
#include <utility>

namespace sinkscope::experiments::identification {
namespace {

using nlohmann::json;

constexpr char kShare[] = "share of the way";

/// [samples, ..] of values of those that test.
at::Tensor of_testing(trials::Runner& r, const at::Tensor& values) {
  auto shape = values.sizes().vec();
  shape[0] = static_cast<int64_t>(r.run().lengths().size());
  return at::full(shape, std::numeric_limits<double>::quiet_NaN(), at::kDouble).index_copy(0, r.testing(), values);
}

/// Rows [samples, D] of the unedited run.
at::Tensor unedited_rows(trials::Runner& r, const model::Site& site, int64_t token, const at::Tensor& samples) {
  const auto& rows = r.sources().at("unedited", site, token);
  return rows.index_select(0, samples.to(rows.device()));
}

/// `share`: [n] float64 on the CPU of rows [n, D] of the site.
Target share_target(trials::Runner& r, const std::string& name, const model::Site& site, int64_t token,
                    const std::function<at::Tensor(const at::Tensor&)>& share) {
  std::vector<at::Tensor> unedited;
  for (const int64_t one : {int64_t{0}, token}) unedited.push_back(share(unedited_rows(r, site, one, r.testing())));
  const auto under = [&r, site, share](const Target::Trials& list) {
    std::vector<intervene::Trial> trials;
    for (const auto* one : list) trials.push_back(one->trial);
    std::vector<at::Tensor> shares;
    for (const auto& rows : r.rows(trials, site)) {
      shares.push_back(of_testing(r, at::stack({share(rows.select(1, 0)), share(rows.select(1, kLater))}, 1)));
    }
    return shares;
  };
  return {.name = name, .of = kShare, .unedited = of_testing(r, at::stack(unedited, 1)), .under = under};
}

/// Of what every trial reads anyway.
std::function<std::vector<at::Tensor>(const Target::Trials&)> of_outcomes(
    const std::function<at::Tensor(const trials::Outcome&)>& read) {
  return [read](const Target::Trials& list) {
    std::vector<at::Tensor> values;
    for (const auto* one : list) values.push_back(read(one->outcome));
    return values;
  };
}

}  // namespace

Target sink_target(trials::Runner& r) {
  const auto levels = [](const trials::Outcome& o) { return at::stack({o.sink(0), o.sink(kLater)}, 1); };
  return {.name = "sink", .of = "attention", .unedited = levels(r.unedited()), .under = of_outcomes(levels)};
}

Target massive_target(trials::Runner& r) {
  const auto norms = [](const trials::Outcome& o) { return o.massive; };
  return {.name = "massive activation", .of = "norm", .unedited = r.unedited().massive, .under = of_outcomes(norms)};
}

Target signal_target(trials::Runner& r, const Evidence& signal, int64_t token) {
  return share_target(r, "signal", signal.candidate().site, token,
                      [&signal](const at::Tensor& rows) { return signal.share_of_way(rows); });
}

Target keys_target(trials::Runner& r, int64_t token) {
  const model::Site site{model::Point::k, r.sink_layer()};
  for (const int64_t one : {int64_t{0}, token}) r.sources().want("unedited", site, one);
  r.gather();  // of a run that was taken up no trial may have
  const auto mean = [&](int64_t of) {
    return unedited_rows(r, site, of, r.choosing()).to(at::kCPU, at::kDouble).mean(0);
  };
  return share_target(r, "keys", site, token, [ordinary = mean(token), first = mean(0)](const at::Tensor& rows) {
    return along_way(rows.to(at::kCPU, at::kDouble), ordinary, first);
  });
}

json effect(const trials::Runner& r, const at::Tensor& unedited, const at::Tensor& edited) {
  return {{"unedited", measure::to_json(r.bootstrap().interval(unedited))},
          {"edited", measure::to_json(r.bootstrap().interval(edited))}};
}

json to_json(const trials::Runner& r, const std::vector<Arrow>& arrows) {
  std::map<const Target*, Target::Trials> asked;  // each target once, of all its trials
  for (const auto& arrow : arrows) {
    for (const auto* trial : {arrow.removal, arrow.writing}) {
      if (trial) asked[arrow.to].push_back(trial);
    }
  }
  std::map<std::pair<const Target*, const Measured*>, at::Tensor> found;
  for (const auto& [target, list] : asked) {
    const auto values = target->under(list);
    for (size_t i = 0; i < list.size(); ++i) found[{target, list[i]}] = values[i];
  }
  auto rows = json::array();
  for (const auto& arrow : arrows) {
    const auto at_token = [&](const Measured* trial, int64_t which) -> json {
      if (!trial) return nullptr;
      return effect(r, arrow.to->unedited.select(1, which), found.at({arrow.to, trial}).select(1, which));
    };
    rows.push_back({{"from", arrow.from},
                    {"to", arrow.to->name},
                    {"of", arrow.to->of},
                    {"removed", at_token(arrow.removal, 0)},
                    {"written", at_token(arrow.writing, kLater)}});
  }
  return rows;
}

}  // namespace sinkscope::experiments::identification
