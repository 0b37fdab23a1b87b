#include "sinkscope/intervene/trial.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace intervene;
using model::Taps;

at::Tensor numbers() {
  return at::arange(24, at::kFloat).view({2, 3, 4});
}

Edit at_token_1(Operation operation) {
  return {.tokens = {1}, .operation = operation};
}

Edit with_values(Operation operation, std::vector<int64_t> dimensions, std::vector<double> values, double dose = 1) {
  auto edit = at_token_1(operation);
  edit.dimensions = std::move(dimensions);
  edit.values = std::move(values);
  edit.dose = dose;
  return edit;
}

Edit along(Operation operation, const at::Tensor& basis) {
  auto edit = at_token_1(operation);
  edit.basis = basis;
  return edit;
}

Edit from_rows(Operation operation) {
  auto edit = at_token_1(operation);
  edit.from = Source{};
  return edit;
}

/// Row 1 of a sample after the edit; `source` [n or 1, 1, 4].
at::Tensor edited(const Edit& edit, int64_t sample = 0, const at::Tensor& source = {}) {
  return bind(edit, source)(numbers())[sample][1];
}

TEST(TrialEdits, ChangeOnlyWhatTheyNameAndNeverTheirInput) {
  const auto x = numbers(), rows = at::zeros({2, 1, 4});
  const std::vector<std::pair<const char*, Taps::Edit>> edits = {
      {"zero", bind(at_token_1(Operation::zero), {})},
      {"set", bind(with_values(Operation::set, {0, 3}, {5, 6}), {})},
      {"add", bind(with_values(Operation::add, {}, {1, 1, 1, 1}, 2), {})},
      {"scale", bind(with_values(Operation::scale, {}, {}, -1), {})},
      {"project", bind(along(Operation::project_out, at::eye(4).slice(0, 0, 1)), {})},
      {"mean", bind(from_rows(Operation::mean), at::zeros({1, 1, 4}))},
      {"resample", bind(from_rows(Operation::resample), rows)},
      {"match_norm", bind(from_rows(Operation::match_norm), rows)},
      {"rotate", bind(at_token_1(Operation::rotate), {})},
      {"copy", bind(from_rows(Operation::copy), rows)}};
  for (const auto& [name, edit] : edits) {
    const auto y = edit(x);
    EXPECT_TRUE(at::equal(x, numbers())) << name;
    EXPECT_TRUE(at::equal(y.select(1, 0), x.select(1, 0))) << name;
    EXPECT_TRUE(at::equal(y.select(1, 2), x.select(1, 2))) << name;
    EXPECT_FALSE(at::equal(y.select(1, 1), x.select(1, 1))) << name;
  }
}

TEST(TrialEdits, ValuesByHand) {  // row 1 of sample 0: 4 5 6 7
  EXPECT_TRUE(at::equal(edited(with_values(Operation::set, {0, 3}, {50, 60})), at::tensor({50.f, 5.f, 6.f, 60.f})));
  EXPECT_TRUE(
      at::equal(edited(with_values(Operation::set, {0, 3}, {50, 60}, 0.5)), at::tensor({27.f, 5.f, 6.f, 33.5f})));
  EXPECT_TRUE(at::equal(edited(with_values(Operation::add, {}, {1, 0, 0, 0}, 3)), at::tensor({7.f, 5.f, 6.f, 7.f})));
  EXPECT_TRUE(at::equal(edited(with_values(Operation::scale, {}, {}, 0.5)), at::tensor({2.f, 2.5f, 3.f, 3.5f})));
  const auto basis = at::tensor({0.6f, 0.8f, 0.f, 0.f}).view({1, 4});  // (4, 5) . basis = 6.4
  EXPECT_LE(
      largest_difference(edited(along(Operation::project_out, basis)), at::tensor({4 - 3.84f, 5 - 5.12f, 6.f, 7.f})),
      1e-6);
  auto set_along = along(Operation::set, basis);
  set_along.values = {1.4};  // 5 less than it was
  EXPECT_LE(largest_difference(edited(set_along), at::tensor({1.f, 1.f, 6.f, 7.f})), 1e-6);
  const auto source = numbers().slice(1, 2, 3) * 10;
  EXPECT_TRUE(at::equal(edited(from_rows(Operation::copy), 1, source), numbers()[1][2] * 10));
  const auto long_rows = at::full({1, 1, 4}, 2 * std::sqrt(126.0) / 2);  // ‖4 5 6 7‖² = 126
  EXPECT_LE(
      largest_difference(edited(from_rows(Operation::match_norm), 0, long_rows), at::tensor({8.f, 10.f, 12.f, 14.f})),
      1e-5);
}

TEST(TrialEdits, RotateKeepsNormsAndAngles) {
  const auto y = bind(at_token_1(Operation::rotate), {})(numbers()).select(1, 1), x = numbers().select(1, 1);
  EXPECT_LE(largest_difference(at::matmul(y, y.t()), at::matmul(x, x.t())), 1e-4);
}

TEST(TrialEdits, AllButEditsTheOthers) {
  Edit edit{.tokens = {1}, .all_but = true};
  EXPECT_EQ(edited_tokens(edit, 4), (std::vector<int64_t>{0, 2, 3}));
  const auto y = bind(edit, {})(numbers());
  EXPECT_TRUE(at::equal(y.select(1, 1), numbers().select(1, 1)));
  EXPECT_EQ(y.select(1, 0).abs().max().item<double>(), 0);
}

TEST(TrialEdits, ARandomMoveIsAsLongAsTheEditWithTheGainFoldedIn) {
  const auto rows = at::randn({5, 1, 64}), gain = at::rand({64}) + 0.2;
  for (const std::vector<int64_t>& dimensions : {std::vector<int64_t>{}, std::vector<int64_t>{3, 40}}) {
    const auto edit = with_values(Operation::set, dimensions, {9});
    const auto after = changed(edit, rows, {});
    const auto wanted = ((after - rows) * gain).norm(2, -1);
    at::Tensor first;
    for (const uint64_t seed : {1, 2, 3}) {
      const auto moved = random_move(edit, gain, {}, seed)(rows, after) - rows;
      EXPECT_LE(largest_difference((moved * gain).norm(2, -1), wanted), 1e-4 * wanted.max().item<double>());
      if (!dimensions.empty()) {
        EXPECT_EQ((moved[0][0] != 0).sum().item<int64_t>(), 2);
        for (const int64_t d : dimensions) EXPECT_EQ(moved[0][0][d].item<double>(), 0);
      }
      EXPECT_FALSE(first.defined() && at::equal(first, moved));
      first = moved;
    }
  }
}

TEST(TrialEdits, ARandomMoveAlongABasisStaysWithinWhatNaturalRowsMove) {
  auto natural = at::randn({30, 64});
  natural.select(1, 7).fill_(5);  // never moves
  const auto rows = natural.unsqueeze(1).slice(0, 0, 4);
  Edit edit{.operation = Operation::project_out, .basis = at::eye(64).slice(0, 0, 1)};
  const auto after = changed(edit, rows, {});
  for (const uint64_t seed : {1, 2, 3}) {
    const auto moved = random_move(edit, {}, natural, seed)(rows, after) - rows;
    EXPECT_LE(largest_difference(moved.norm(2, -1), (after - rows).norm(2, -1)), 1e-4);
    EXPECT_LE(moved.select(2, 7).abs().max().item<double>(), 1e-5);
    EXPECT_GE((moved.abs() > 1e-6).sum().item<int64_t>(), 4 * 60);  // along no axis
    EXPECT_LE(moved.select(2, 0).abs().max().item<double>(),
              1e-5 * moved.abs().max().item<double>());  // nor the edit's
  }
}

}  // namespace
}  // namespace sinkscope::tests
