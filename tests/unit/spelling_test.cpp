#include <gtest/gtest.h>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"
#include "sinkscope/spelling/nearest.h"
#include "sinkscope/spelling/number_list.h"

namespace sinkscope {
namespace {

using Numbers = std::vector<int64_t>;

TEST(IntList, Ranges) {
  EXPECT_EQ(parse_int_list("0,2,5-8", "x"), (Numbers{0, 2, 5, 6, 7, 8}));
  EXPECT_EQ(parse_int_list("-1", "x"), (Numbers{-1}));
  EXPECT_EQ(spell({0, 1, 2, 5}), "0-2,5");
  EXPECT_EQ(parse_int_list(spell({3, 4, 9}), "x"), (Numbers{3, 4, 9}));
}

TEST(IntList, RefusesWhatIsNoList) {
  for (const auto* text : {"", ",", "1,", "a", "1-", "8-5", "1 2", "1.5", "99999999999999999999", "0-999999999999"}) {
    EXPECT_THROW(parse_int_list(text, "--layers"), InputError) << text;
  }
}

TEST(NumberList, Numbers) {
  EXPECT_EQ(parse_number_list("-2,0.5,1e3", "x"), (std::vector<double>{-2, 0.5, 1000}));
  EXPECT_TRUE(parse_number_list("", "x").empty());
}

TEST(NumberList, RefusesWhatIsNoNumber) {
  for (const auto* text : {",", "1,", "a", "1 2", "0x", "inf", "nan", "1e999", "1..2"}) {
    EXPECT_THROW(parse_number_list(text, "--multiples"), InputError) << text;
  }
}

TEST(Nearest, FewestEdits) {
  EXPECT_EQ(nearest("laers", {"samples", "layers", "tokens"}), "layers");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace sinkscope
