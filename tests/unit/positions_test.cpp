#include "sinkscope/intervene/positions.h"

#include "sinkscope/intervene/attention_condition.h"
#include "tests/support/tiny_model.h"

namespace sinkscope::tests {
namespace {

using namespace intervene;

TEST(Positions, ByHand) {
  const auto plain = in_order(5);
  EXPECT_EQ(set_position(plain, 0, 3), (Positions{3, 1, 2, 3, 4}));
  EXPECT_EQ(swap_positions(plain, 0, 3), (Positions{3, 1, 2, 0, 4}));
  EXPECT_EQ(move_block(plain, 2, 10), (Positions{10, 11, 2, 3, 4}));
  EXPECT_EQ(shift_all(plain, 7), (Positions{7, 8, 9, 10, 11}));
  EXPECT_EQ(reversed(5), (Positions{4, 3, 2, 1, 0}));
  EXPECT_EQ(parse_positions("0=3,3=0", 5), swap_positions(plain, 0, 3));
  EXPECT_EQ(parse_positions("", 5), plain);
}

TEST(Positions, BadSpecificationsAreNamed) {
  expect_input_error([] { parse_positions("9=0", 5); }, {"token 9", "5 tokens"});
  expect_input_error([] { parse_positions("1-2", 5); }, {"1-2"});
  expect_input_error([] { parse_positions("a=2", 5); }, {"'a'"});
  expect_input_error([] { move_block(in_order(3), 4, 0); }, {"token 3"});
}

TEST(SelfOnly, Specification) {
  const auto parsed = parse_condition("layers=0-1,5;tokens=1,4;block=6>2;allow=0>3;cut=7");
  EXPECT_EQ(parsed.layers, (std::vector<int64_t>{0, 1, 5}));
  EXPECT_EQ(parsed.change.self_only, (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(parsed.change.blocked[0].query, 6);
  EXPECT_EQ(parsed.change.allowed[0].key, 3);
  EXPECT_EQ(parsed.change.cut, 7);
  EXPECT_TRUE(parse_condition("tokens=all").change.all_self_only);
  expect_input_error([] { parse_condition("layer=0;tokens=1"); }, {"'layer'", "'layers'"});
  expect_input_error([] { parse_condition("layers=0"); }, {"changes nothing"});
  expect_input_error([] { parse_condition("tokens=1;block=3"); }, {"'3'"});
  expect_input_error([] { not_self({0}, {0}); }, {"token 0"});
}

}  // namespace
}  // namespace sinkscope::tests
