#include "sinkscope/intervene/edits.h"

#include "tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace intervene;

at::Tensor numbers() {
  return at::arange(24, at::kFloat).view({2, 3, 4});
}

TEST(Edits, ChangeOnlyWhatTheyNameAndNeverTheirInput) {
  const auto x = numbers();
  const std::vector<std::pair<const char*, Taps::Edit>> edits = {
      {"zero", zero_at({1})},
      {"set", set_at({1}, {0, 3}, at::tensor({5.f, 6.f}))},
      {"add", add_at({1}, at::ones({4}), 2)},
      {"scale", scale_at({1}, -1)},
      {"project", project_out({1}, at::eye(4).slice(0, 0, 1))},
      {"mean", mean_at({1}, at::zeros({4}))},
      {"copy", copy_from(at::zeros({2, 3, 4}), 2, 1)}};
  for (const auto& [name, edit] : edits) {
    const auto y = edit(x);
    EXPECT_TRUE(at::equal(x, numbers())) << name;
    EXPECT_TRUE(at::equal(y.select(1, 0), x.select(1, 0))) << name;
    EXPECT_TRUE(at::equal(y.select(1, 2), x.select(1, 2))) << name;
    EXPECT_FALSE(at::equal(y.select(1, 1), x.select(1, 1))) << name;
  }
}

TEST(Edits, ValuesByHand) {
  const auto x = numbers();  // row 1 of sample 0: 4 5 6 7
  EXPECT_TRUE(at::equal(set_at({1}, {0, 3}, at::tensor({50.f, 60.f}))(x)[0][1], at::tensor({50.f, 5.f, 6.f, 60.f})));
  EXPECT_TRUE(at::equal(add_at({1}, at::tensor({1.f, 0.f, 0.f, 0.f}), 3)(x)[0][1], at::tensor({7.f, 5.f, 6.f, 7.f})));
  EXPECT_TRUE(at::equal(scale_at({1}, 0.5)(x)[0][1], at::tensor({2.f, 2.5f, 3.f, 3.5f})));
  const auto basis = at::tensor({0.6f, 0.8f, 0.f, 0.f}).view({1, 4});  // (4, 5) . basis = 6.4
  EXPECT_LE(largest_difference(project_out({1}, basis)(x)[0][1], at::tensor({4 - 3.84f, 5 - 5.12f, 6.f, 7.f})), 1e-6);
  EXPECT_TRUE(at::equal(copy_from(x * 10, 2, 1)(x)[1][1], x[1][2] * 10));
}

TEST(Edits, OutOfRangeIsAnInputError) {
  const auto x = numbers();
  expect_input_error([&] { zero_at({3})(x); }, {"token 3", "0 to 2"});
  expect_input_error([&] { set_at({0}, {4}, at::zeros({1}))(x); }, {"dimension 4"});
  expect_input_error([&] { project_out({0}, at::eye(3))(x); }, {"basis"});
  expect_input_error([&] { copy_from(x, 9, 0)(x); }, {"source token 9"});
}

}  // namespace
}  // namespace sinkscope::tests
