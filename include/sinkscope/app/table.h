#pragma once

#include <string>
#include <vector>

#include "sinkscope/app/terminal.h"

namespace sinkscope::app {

enum class Align { left, right };

struct Cell {
  std::string text = {};
  Colour colour = Colour::plain;
};

/// Rows in columns as wide as their widest cell, two spaces between them. On a terminal the last column is broken at
/// spaces to what is left of the width; in a pipe a row is a line.
class Table {
 public:
  /// One alignment a column.
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  /// A row that says what the columns are.
  void heading(const std::vector<std::string>& names);

  /// One cell a column. Throws std::logic_error for another number.
  void add(std::vector<Cell> row);

  /// Ends with a newline; empty without rows.
  std::string text(const Terminal&) const;

 private:
  std::vector<int> widths() const;

  std::vector<Align> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace sinkscope::app
