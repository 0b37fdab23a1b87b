#include "sinkscope/text/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <string_view>

#include "sinkscope/error.h"
#include "sinkscope/files/python_json.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/files/read_json.h"
#include "sinkscope/text/utf8.h"

namespace sinkscope::text {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view kBom = "\xEF\xBB\xBF";

/// UTF-8.
std::string read_all(const fs::path& file) {
  auto text = files::read_file(file);
  if (const auto bad = first_invalid_utf8(text)) {
    const bool wide = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
    throw InputError(fmt::format("{}: invalid UTF-8 at byte {}{}", file.string(), *bad,
                                 wide ? ": it begins as UTF-16 does; save it as UTF-8" : ""));
  }
  return text;
}

/// A JSON string, or an object's `text`, as Python's json takes it; a lone surrogate comes out as `surrogate`.
std::string read_record(const std::string& line, const fs::path& file, size_t number, std::string_view surrogate) {
  auto record = files::parse_python_json(line, surrogate);
  if (!record) throw InputError(fmt::format("{}: line {} is not JSON", file.string(), number));
  if (record->is_object() && record->contains("text")) record = json((*record)["text"]);
  if (!record->is_string())
    throw InputError(
        fmt::format("{}: line {}: expected a string, or an object with a string `text`", file.string(), number));
  return record->get<std::string>();
}

std::string read_record(const std::string& line, const fs::path& file, size_t number) {
  auto text = read_record(line, file, number, "fffd");
  if (line.find("\\u") != std::string::npos && text != read_record(line, file, number, "fffe")) {
    throw InputError(
        fmt::format("{}: line {}: its text has half a surrogate pair, which is no character", file.string(), number));
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const bool dos = end > start && text[end - 1] == '\r';
    lines.push_back(text.substr(start, end - start - dos));
    start = end + 1;
  }
  return lines;
}

/// Where the parts of one long text end, which stand for its documents.
std::vector<int64_t> even_ends(int64_t tokens) {
  constexpr int64_t kParts = 20;
  std::vector<int64_t> ends;
  for (int64_t i = 1; i <= kParts; ++i) ends.push_back(tokens * i / kParts);
  return ends;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

std::vector<std::string> read_texts(const fs::path& file, std::vector<std::string>* warnings) {
  auto text = read_all(file);
  if (text.starts_with(kBom)) {
    text.erase(0, kBom.size());
    if (warnings)
      warnings->push_back(fmt::format("{} begins with a byte order mark, which is left out", file.string()));
  }
  if (is_blank(text)) throw InputError(fmt::format("{}: the text is empty", file.string()));
  if (file.extension() != ".jsonl") return {text};
  std::vector<std::string> texts;
  size_t number = 0;
  for (const auto& line : lines_of(text)) {
    ++number;
    if (!is_blank(line)) texts.push_back(read_record(line, file, number));
  }
  return texts;
}

Samples windows(const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t n, int64_t length,
                double shift) {
  std::vector<int64_t> ids, ends;
  for (const auto& text : texts) {
    const auto more = tokenizer.encode(text);
    ids.insert(ids.end(), more.begin(), more.end());
    ends.push_back(static_cast<int64_t>(ids.size()));
  }
  if (ends.size() == 1) ends = even_ends(ends[0]);
  Samples samples{{}, {}, {}, static_cast<int64_t>(ids.size()), "windows", {}};
  if (samples.text_tokens < length) {
    throw TooFewSamples(fmt::format("windows of {} tokens: the text has only {}", length, samples.text_tokens), 0);
  }
  const int64_t step = (samples.text_tokens - length) / n;
  if (step == 0 && n > 1) {
    const int64_t most = std::max<int64_t>(1, samples.text_tokens - length);
    throw TooFewSamples(fmt::format("{} windows of {} tokens: the text has {} tokens, enough for {} different windows",
                                    n, length, samples.text_tokens, most),
                        most);
  }
  const auto offset = static_cast<int64_t>(shift * static_cast<double>(step));
  for (int64_t start = offset; std::ssize(samples.starts) < n; start += step) {
    samples.starts.push_back(start);
    samples.documents.push_back(std::upper_bound(ends.begin(), ends.end(), start) - ends.begin());
    samples.ids.emplace_back(ids.begin() + start, ids.begin() + start + length);
  }
  return samples;
}

Samples lines(const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t n, int64_t length) {
  Samples samples{{}, {}, {}, 0, "lines", {}};
  // One text is a plain file, whose lines are the samples; records stay whole.
  const auto records = texts.size() == 1 ? lines_of(texts[0]) : texts;
  for (size_t i = 0; i < records.size() && static_cast<int64_t>(samples.ids.size()) < n; ++i) {
    if (is_blank(records[i])) continue;
    auto ids = tokenizer.encode(records[i]);
    samples.text_tokens += static_cast<int64_t>(ids.size());
    if (static_cast<int64_t>(ids.size()) > length) ids.resize(length);
    samples.ids.push_back(std::move(ids));
    samples.starts.push_back(static_cast<int64_t>(i));
    samples.documents.push_back(static_cast<int64_t>(i));
  }
  if (static_cast<int64_t>(samples.ids.size()) < n) {
    const auto most = static_cast<int64_t>(samples.ids.size());
    throw TooFewSamples(fmt::format("{} samples: the text has only {} lines that are not blank", n, most), most);
  }
  return samples;
}

Samples from_token_file(const fs::path& file, int64_t n, int64_t length, int64_t vocabulary) {
  const auto fail = [&](const std::string& what) { throw InputError(fmt::format("{}: {}", file.string(), what)); };
  const auto rows = files::parse_json(read_all(file), file.string());
  if (!rows.is_array() || rows.empty()) fail("expected a JSON array of arrays of token ids");
  if (n > static_cast<int64_t>(rows.size())) fail(fmt::format("{} samples: the file has only {}", n, rows.size()));
  Samples samples{{}, {}, {}, 0, "tokens", {}};
  for (size_t i = 0; i < (n > 0 ? static_cast<size_t>(n) : rows.size()); ++i) {
    if (!rows[i].is_array() || rows[i].empty()) fail(fmt::format("sample {}: expected a list of token ids", i));
    std::vector<int64_t> ids;
    for (const auto& id : rows[i]) {
      if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= vocabulary) {
        fail(fmt::format("sample {}: {} is not a token id (0 to {})", i, id.dump(), vocabulary - 1));
      }
      ids.push_back(id.get<int64_t>());
    }
    samples.text_tokens += static_cast<int64_t>(ids.size());
    if (length > 0 && static_cast<int64_t>(ids.size()) > length) ids.resize(length);
    samples.ids.push_back(std::move(ids));
    samples.starts.push_back(static_cast<int64_t>(i));
    samples.documents.push_back(static_cast<int64_t>(i));
  }
  return samples;
}

Samples random_tokens(int64_t n, int64_t length, int64_t vocabulary, uint64_t seed) {
  std::mt19937_64 generator(seed);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % static_cast<uint64_t>(vocabulary);  // an equal chance for every id
  const auto draw = [&] {
    uint64_t value = generator();
    while (value >= limit) value = generator();
    return static_cast<int64_t>(value % static_cast<uint64_t>(vocabulary));
  };
  Samples samples{{}, {}, {}, n * length, "random", {}};
  for (int64_t i = 0; i < n; ++i) {
    samples.ids.emplace_back();
    for (int64_t t = 0; t < length; ++t) samples.ids.back().push_back(draw());
    samples.starts.push_back(i);
    samples.documents.push_back(i);
  }
  return samples;
}

Samples with_bos(Samples samples, int64_t bos) {
  for (auto& row : samples.ids) row.insert(row.begin(), bos);
  samples.bos = bos;
  return samples;
}

Samples vocabulary(const std::vector<int64_t>& ids) {
  Samples samples{{}, {}, ids, static_cast<int64_t>(ids.size()), "vocabulary", {}};
  for (const int64_t id : ids) samples.ids.push_back({id});
  return samples;
}

}  // namespace sinkscope::text
