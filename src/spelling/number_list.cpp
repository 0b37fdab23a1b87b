#include "sinkscope/spelling/number_list.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope {

std::vector<double> parse_number_list(std::string_view text, std::string_view what) {
  std::vector<double> numbers;
  for (const auto& part : split(text, ',')) {
    double value = 0;
    const auto [after, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || after != part.data() + part.size() || !std::isfinite(value)) {
      throw InputError(fmt::format("{}: '{}' is not a number", what, part));
    }
    numbers.push_back(value);
  }
  return numbers;
}

}  // namespace sinkscope
