#include "sinkscope/app/table.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sinkscope::app {
namespace {

constexpr Terminal kPipe{};
constexpr Terminal kColoured{.redraws = true, .colours = true, .width = 40, .height = 24};
constexpr Terminal kNarrow{.redraws = true, .colours = false, .width = 40, .height = 24};

Table example() {
  Table table({Align::left, Align::right, Align::left});
  table.heading({"name", "n", "what"});
  table.add({{"a"}, {"10"}, {"a sentence that is longer than a narrow terminal is wide"}});
  table.add({{"longer"}, {"7"}, {"", Colour::bad}});
  return table;
}

TEST(Table, InAPipeARowIsALineWithoutSpacesAtItsEnd) {
  EXPECT_EQ(example().text(kPipe),
            "name     n  what\n"
            "a       10  a sentence that is longer than a narrow terminal is wide\n"
            "longer   7\n");
}

TEST(Table, OnATerminalTheLastColumnIsBrokenToItsWidth) {
  EXPECT_EQ(example().text(kNarrow),
            "name     n  what\n"
            "a       10  a sentence that is longer\n"
            "            than a narrow terminal is\n"
            "            wide\n"
            "longer   7\n");
}

TEST(Table, ColoursTakeNoColumns) {
  Table table({Align::left, Align::right, Align::left});
  table.add({{"no", Colour::bad}, {"1", Colour::good}, {"x"}});
  table.add({{"fine"}, {"23"}, {"y"}});
  EXPECT_EQ(table.text(kColoured), "\033[31mno\033[0m     \033[32m1\033[0m  x\nfine  23  y\n");
}

TEST(Table, CharactersOfSeveralBytesTakeOneColumn) {
  Table table({Align::left, Align::left});
  table.add({{"é—"}, {"x"}});
  table.add({{"abc"}, {"y"}});
  EXPECT_EQ(table.text(kPipe), "é—   x\nabc  y\n");
}

TEST(Table, ARowOfAnotherLengthIsOurMistake) {
  Table table({Align::left, Align::left});
  EXPECT_THROW(table.add({{"alone"}}), std::logic_error);
}

TEST(Terminal, TextIsCutBetweenCharacters) {
  EXPECT_EQ(cut_to("aé—b", 3), "aé—");
  EXPECT_EQ(cut_to("ab", 5), "ab");
  EXPECT_EQ(cut_to("ab", 0), "");
  EXPECT_EQ(columns_of("aé—b"), 4);
}

}  // namespace
}  // namespace sinkscope::app
