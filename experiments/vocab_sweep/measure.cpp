#include "experiments/vocab_sweep/measure.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sinkscope/measure/first_token.h"

namespace sinkscope::experiments::sweep {
namespace {

/// Every id in place of token P of every sample: rows [ids * samples, T], an id's samples together.
at::Tensor rows_of(const at::Tensor& samples, int64_t at, const std::vector<int64_t>& ids) {
  auto rows = samples.repeat({static_cast<int64_t>(ids.size()), 1});
  rows.select(1, at).copy_(at::tensor(ids, at::kLong).repeat_interleave(samples.size(0)));
  return rows;
}

/// [ids, 2] from each id's first of `samples` rows: log of its largest residual norm behind a block and its mean log
/// value norm. Token 0 sees only itself, so they depend on the id alone.
at::Tensor path_features(const measure::FirstTokenPath& path, int64_t samples) {
  const auto log_of_ids = [&](const at::Tensor& norms) {  // [rows, places] to [ids, places]
    return norms.to(at::kDouble).slice(0, 0, std::nullopt, samples).log();
  };
  const auto blocks = path.norm().slice(1, 1);  // without the embedding
  return at::stack({log_of_ids(blocks).amax(1), log_of_ids(path.value_norm()).mean(1)}, 1);
}

}  // namespace

std::vector<measure::Tracked> tracked(const Plan& plan, const Pass& pass) {
  const int64_t q_min = pass.of == PassOf::pilot ? pilot_q_min(plan) : plan.q_min;
  std::vector<measure::Tracked> list{{plan.at, q_min}};
  if (plan.at > 0) list.push_back({0, std::max(plan.at + 1, q_min)});
  return list;
}

Measure::Measure(app::Session& session, const app::Batches& samples, const Plan& plan)
    : session_(session), samples_(samples), plan_(plan), batch_size_(samples.batch_size) {}

/// f(), again with half the batch while the memory runs out. What was computed in smaller batches than planned is known
/// by its `batch_size`.
template <typename F>
auto Measure::halving(const F& f) {
  const auto halve = [&](const char* why) {
    if (batch_size_ == 1) throw;
    batch_size_ /= 2;
    spdlog::warn("{}; going on with batches of {} samples", why, batch_size_);
  };
  for (;;) {
    try {
      return f();
    } catch (const app::OutOfMemory& e) {  // in a pass
      halve(e.what());
    } catch (const c10::OutOfMemoryError&) {
      halve("the memory of the GPU ran out");
    } catch (const std::bad_alloc&) {
      halve("the memory of the CPU ran out");
    }
  }
}

nlohmann::json Measure::baseline() {
  const auto measured = [&] {
    const auto& model = session_.model();
    measure::SinkScore sink(model.config(), tracked(plan_, {}), samples_.lengths);
    const auto& ids = samples_.ids;
    for (int64_t first = 0; first < ids.size(0); first += batch_size_) {
      const int64_t n = std::min(batch_size_, ids.size(0) - first);
      model::Taps taps(model.config());
      sink.attach(taps, first, n, samples_.longest, model.device());
      session_.forward(ids.slice(0, first, first + n), taps);
    }
    return sink;
  };
  const auto sink = halving(measured);
  return {{"uniform", sink.uniform(0)}, {"baseline", sink.to_json(0)}};
}

Table Measure::unit(const Pass& pass, int64_t number) {
  return halving([&] { return try_unit(pass, number); });
}

Table Measure::try_unit(const Pass& pass, int64_t number) {
  const auto ids = pass.unit(number);
  std::vector<int64_t> chosen(static_cast<size_t>(plan_.samples));
  std::iota(chosen.begin(), chosen.end(), int64_t{0});
  if (pass.of == PassOf::pilot) chosen = pilot_samples(plan_);
  const auto samples = samples_.ids.index_select(0, at::tensor(chosen, at::kLong)).slice(1, 0, pass.length);
  const auto rows = rows_of(samples, plan_.at, ids);
  std::vector<int64_t> lengths;
  for (size_t i = 0; i < ids.size(); ++i) {
    for (const int64_t sample : chosen) lengths.push_back(std::min(samples_.lengths[sample], pass.length));
  }
  const int64_t batch_size = batch_of(plan_, pass.of, batch_size_);
  const bool reads_path = pass.of == PassOf::pilot && plan_.at == 0;

  const auto& model = session_.model();
  measure::SinkScore sink(model.config(), tracked(plan_, pass), lengths);
  measure::FirstTokenPath path(model.config());
  for (int64_t first = 0; first < rows.size(0); first += batch_size) {
    const int64_t n = std::min(batch_size, rows.size(0) - first);
    model::Taps taps(model.config());
    sink.attach(taps, first, n, pass.length, model.device());
    if (reads_path) path.attach(taps);
    session_.forward(rows.slice(0, first, first + n), taps);
  }
  const auto by_id = [&](size_t which) {  // [ids, samples, L, H]
    return sink.mean_attention(which).unflatten(0, {static_cast<int64_t>(ids.size()), -1});
  };
  const auto attention = by_id(0);
  Table table{{"score", attention.mean(at::IntArrayRef{2, 3})},
              {"batch_size", at::full({static_cast<int64_t>(ids.size())}, batch_size, at::kLong)}};
  if (reads_path) table["path"] = path_features(path, pass.samples);
  table["by_layer"] = attention.nanmean(at::IntArrayRef{1, 3});
  if (pass.of == PassOf::pilot) return table;
  if (plan_.at > 0) table["first"] = by_id(1).mean(at::IntArrayRef{2, 3});
  if (plan_.per_head != "none") {
    table["by_head"] = attention.nanmean(1).to(plan_.per_head == "float16" ? at::kHalf : at::kFloat);
  }
  return table;
}

}  // namespace sinkscope::experiments::sweep
