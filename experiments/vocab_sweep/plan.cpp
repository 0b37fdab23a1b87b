#include "experiments/vocab_sweep/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "sinkscope/error.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::experiments::sweep {

using nlohmann::json;

std::string hash_of(const std::vector<int64_t>& ids) {
  return result::sha256(json(ids).dump());
}

json to_json(const Plan& p) {
  json plan{{"ids", {{"count", p.ids.size()}, {"sha256", hash_of(p.ids)}}},
            {"at", p.at},
            {"q_min", p.q_min},
            {"samples", p.samples},
            {"length", p.length},
            {"ids_per_unit", p.ids_per_unit},
            {"strategy", p.screens ? "screen" : "all"},
            {"per_head", p.per_head}};
  if (p.screens) {
    plan["screen"] = {{"pilot_samples", p.pilot_samples},
                      {"pilot_length", p.pilot_length},
                      {"audit", p.audit},
                      {"top", p.top},
                      {"outlier_z", p.outlier_z},
                      {"seed", p.seed}};
  }
  return plan;
}

Plan plan_from_json(const json& j, std::vector<int64_t> ids) {
  Plan p{.ids = std::move(ids),
         .at = j.at("at"),
         .q_min = j.at("q_min"),
         .samples = j.at("samples"),
         .length = j.at("length"),
         .ids_per_unit = j.at("ids_per_unit"),
         .screens = j.at("strategy") == "screen",
         .per_head = j.at("per_head")};
  if (p.screens) {
    const auto& screen = j.at("screen");
    p.pilot_samples = screen.at("pilot_samples");
    p.pilot_length = screen.at("pilot_length");
    p.audit = screen.at("audit");
    p.top = screen.at("top");
    p.outlier_z = screen.at("outlier_z");
    p.seed = screen.at("seed");
  }
  if (hash_of(p.ids) != j.at("ids").at("sha256")) {
    throw InputError(fmt::format("{} ids are not the {} of the plan", p.ids.size(), j.at("ids").at("count").dump()));
  }
  return p;
}

std::string name(PassOf of) {
  constexpr const char* kNames[] = {"full", "pilot", "audit", "refine"};
  return kNames[static_cast<int>(of)];
}

int64_t Pass::units() const {
  return (static_cast<int64_t>(ids.size()) + ids_per_unit - 1) / ids_per_unit;
}

std::vector<int64_t> Pass::unit(int64_t number) const {
  const auto begin = ids.begin() + number * ids_per_unit;
  return {begin, begin + std::min<int64_t>(ids_per_unit, ids.end() - begin)};
}

int64_t Pass::key(int64_t number) const {
  return (static_cast<int64_t>(of) << 32) + number;
}

int64_t Pass::tokens(int64_t number) const {
  const int64_t count = std::min<int64_t>(ids_per_unit, static_cast<int64_t>(ids.size()) - number * ids_per_unit);
  return count * samples * length;
}

std::vector<int64_t> pilot_samples(const Plan& p) {
  std::vector<int64_t> list;
  for (int64_t i = 0; i < p.pilot_samples; ++i) list.push_back(i * p.samples / p.pilot_samples);
  return list;
}

std::vector<size_t> audit_set(const Plan& p) {
  std::vector<size_t> order(p.ids.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937_64 random(static_cast<uint64_t>(p.seed));
  const auto count = static_cast<size_t>(std::min<int64_t>(p.audit, static_cast<int64_t>(order.size())));
  for (size_t i = 0; i < count; ++i) std::swap(order[i], order[i + random() % (order.size() - i)]);
  order.resize(count);
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<Pass> first_passes(const Plan& p) {
  const Pass full{PassOf::full, p.ids, p.samples, p.length, p.ids_per_unit};
  if (!p.screens) return {full};
  const int64_t cheaper = std::max<int64_t>(1, p.samples * p.length / (p.pilot_samples * p.pilot_length));
  Pass audit = full;
  audit.of = PassOf::audit;
  audit.ids.clear();
  for (const size_t i : audit_set(p)) audit.ids.push_back(p.ids[i]);
  return {{PassOf::pilot, p.ids, p.pilot_samples, p.pilot_length, p.ids_per_unit * cheaper}, audit};
}

int64_t batch_of(const Plan& p, PassOf of, int64_t batch_size) {
  return of == PassOf::pilot ? std::max<int64_t>(1, batch_size * p.length / p.pilot_length) : batch_size;
}

int64_t pilot_q_min(const Plan& p) {
  return p.pilot_length < p.length ? std::max(p.q_min, p.pilot_length * 3 / 4) : p.q_min;
}

Pass refine_pass(const Plan& p, std::vector<int64_t> ids) {
  return {PassOf::refine, std::move(ids), p.samples, p.length, p.ids_per_unit};
}

int64_t automatic_ids_per_unit(const Plan& p, int64_t parameters, bool on_cpu) {
  const double budget =
      (on_cpu ? 1 << 15 : 1 << 20) * std::min(1.0, (on_cpu ? 0.6e9 : 4e9) / static_cast<double>(parameters));
  return std::max<int64_t>(1, static_cast<int64_t>(budget) / (p.samples * p.length));
}

}  // namespace sinkscope::experiments::sweep
