#include "sinkscope/trials/outcome.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "sinkscope/model/to_vector.h"

namespace sinkscope::trials {
namespace {

using nlohmann::json;

struct Field {
  const char* name;
  at::Tensor Outcome::*tensor;
};
constexpr Field kFields[] = {
    {"attention", &Outcome::attention}, {"massive", &Outcome::massive}, {"loss", &Outcome::loss},
    {"written", &Outcome::written},     {"frozen", &Outcome::frozen},   {"moved", &Outcome::moved},
    {"condition", &Outcome::condition}, {"random", &Outcome::random},   {"outside", &Outcome::outside},
    {"no_op", &Outcome::no_op},
};

}  // namespace

at::Tensor Outcome::attention_at(const at::Tensor& attention, int64_t which) {
  return attention.select(1, 0).select(1, which);
}

at::Tensor Outcome::ordinary() const {
  return attention_at(attention, attention.size(2) - 1);
}

Outcome joined(const std::vector<Outcome>& parts) {
  Outcome whole;
  for (const auto& field : kFields) {
    std::vector<at::Tensor> list;
    for (const auto& part : parts) {
      if ((part.*field.tensor).defined()) list.push_back(part.*field.tensor);
    }
    if (!list.empty()) whole.*field.tensor = at::cat(list);
  }
  if (whole.no_op.defined()) whole.no_op = whole.no_op.amax(0, true);
  return whole;
}

std::string to_bytes(const Outcome& outcome) {
  json object = json::object();
  for (const auto& field : kFields) {
    const auto& tensor = outcome.*field.tensor;
    if (!tensor.defined()) continue;
    object[field.name] = {{"shape", tensor.sizes().vec()}, {"values", model::to_vector(tensor)}};
  }
  const auto bytes = json::to_cbor(object);
  return {bytes.begin(), bytes.end()};
}

Outcome from_bytes(const std::string& bytes) {
  const auto object = json::from_cbor(bytes);
  Outcome outcome;
  for (const auto& field : kFields) {
    if (!object.contains(field.name)) continue;
    const auto& one = object.at(field.name);
    const auto values = one.at("values").get<std::vector<double>>();
    outcome.*field.tensor = at::tensor(values, at::kDouble).view(one.at("shape").get<std::vector<int64_t>>());
  }
  return outcome;
}

}  // namespace sinkscope::trials
