#include "sinkscope/app/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace sinkscope::app {
namespace {

constexpr int kGap = 2;            // columns between two cells
constexpr int kLeastLastOne = 20;  // the last column is not made narrower than this

std::string aligned(const Cell& cell, int width, Align align, const Terminal& terminal) {
  const auto room = std::string(static_cast<size_t>(std::max(0, width - columns_of(cell.text))), ' ');
  const auto text = painted(cell.text, cell.colour, terminal);
  return align == Align::left ? text + room : room + text;
}

void trim_right(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
}

}  // namespace

void Table::heading(const std::vector<std::string>& names) {
  std::vector<Cell> row;
  for (const auto& name : names) row.push_back({name, Colour::heading});
  add(std::move(row));
}

void Table::add(std::vector<Cell> row) {
  if (row.size() != columns_.size()) {
    throw std::logic_error(fmt::format("a table of {} columns has no row of {} cells", columns_.size(), row.size()));
  }
  rows_.push_back(std::move(row));
}

std::vector<int> Table::widths() const {
  std::vector<int> widths(columns_.size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i].text));
  }
  return widths;
}

std::string Table::text(const Terminal& terminal) const {
  const auto width = widths();
  const size_t last = columns_.size() - 1;
  int before_last = 0;
  for (size_t i = 0; i < last; ++i) before_last += width[i] + kGap;
  const int room = terminal.width > 0 ? std::max(kLeastLastOne, terminal.width - before_last) : 0;
  const int last_width = room > 0 ? std::min(width[last], room) : width[last];
  std::string all;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < last; ++i) line += aligned(row[i], width[i], columns_[i], terminal) + std::string(kGap, ' ');
    for (const auto& part : wrapped(row[last].text, room)) {
      line += aligned({part, row[last].colour}, last_width, columns_[last], terminal);
      trim_right(line);
      all += line + "\n";
      line = std::string(static_cast<size_t>(before_last), ' ');
    }
  }
  return all;
}

}  // namespace sinkscope::app
