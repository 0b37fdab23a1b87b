// Activations that transformers computed once (tests/make_reference.py), so that this needs no Python.

#include <fstream>
#include <nlohmann/json.hpp>

#include "sinkscope/intervene/positions.h"
#include "sinkscope/model/safetensors.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(SINKSCOPE_SOURCE_DIR) / "tests" / "data" / "reference";

at::Tensor committed_ids() {
  std::ifstream in(kFolder / "tokens.json");
  const auto rows = nlohmann::json::parse(in).get<std::vector<std::vector<int64_t>>>();
  std::vector<at::Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(at::tensor(row, at::kLong));
  return at::stack(tensors);
}

/// Largest error over the largest finite reference value; masked scores must be masked in both.
double relative_error(const at::Tensor& got, const at::Tensor& wanted) {
  const auto there = wanted.isfinite();
  EXPECT_TRUE(at::equal(got.isfinite(), there));
  const auto zero = at::zeros_like(wanted);
  return relative_difference(at::where(there, got, zero), at::where(there, wanted, zero));
}

void compare(const std::string& file, const intervene::Positions& positions) {
  const auto m = model::Model::load(model::Checkpoint::open(kFolder), at::kCPU, at::kFloat);
  const auto reference = model::SafetensorsFile::open(kFolder / file);
  const auto ids = committed_ids();
  EXPECT_EQ(reference.names().size(), model::all_sites(m.config()).size());
  for (const auto& site : model::all_sites(m.config())) {
    model::Taps taps(m.config());
    taps.positions(positions);
    EXPECT_LE(relative_error(read_site(m, ids, site, taps), reference.tensor(model::name(site))), 1e-5)
        << model::name(site);
  }
}

TEST(Reference, PlainPositions) {
  compare("plain.safetensors", intervene::in_order(12));
}

TEST(Reference, ExchangedPositions) {
  compare("swapped-0-5.safetensors", intervene::swap_positions(intervene::in_order(12), 0, 5));
}

}  // namespace
}  // namespace sinkscope::tests
