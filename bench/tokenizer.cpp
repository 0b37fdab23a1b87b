// Megabytes a second of a tokenizer on one core: tokenizer FOLDER TEXT [ROUNDS]. Prints the median of the rounds.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <vector>

#include "sinkscope/text/tokenizer.h"

int main(int count, char** words) {
  if (count < 3) {
    fmt::print(stderr, "tokenizer: expected FOLDER TEXT [ROUNDS]\n");
    return 2;
  }
  const auto tokenizer = sinkscope::text::Tokenizer::load(sinkscope::text::find_tokenizer(words[1]).value());
  std::ifstream file(words[2], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<double> seconds;
  size_t ids = 0;
  for (int round = 0; round < (count > 3 ? std::stoi(words[3]) : 5); ++round) {
    const std::clock_t start = std::clock();  // of the processor, so that other work on the machine counts less
    ids = tokenizer.encode(text).size();
    seconds.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2], megabytes = static_cast<double>(text.size()) / 1e6;
  fmt::print("{:.1f} MB/s, {} ids\n", megabytes / median, ids);
}
