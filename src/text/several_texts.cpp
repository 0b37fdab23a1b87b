#include "sinkscope/text/several_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sinkscope/error.h"
#include "sinkscope/spelling/int_list.h"

namespace sinkscope::text {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& file) {
  std::error_code none;
  return fs::exists(file, none);
}

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code none;
  return a == b || fs::equivalent(a, b, none);
}

void check_distinct(const std::vector<fs::path>& files) {
  for (size_t i = 0; i < files.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!is_same(files[i], files[j])) continue;
      throw InputError(fmt::format("{} and {} are one text; expected each once", files[j].string(), files[i].string()));
    }
  }
}

/// Samples of one text at the end of `all`: their documents follow those that are there.
void add_documents(const std::vector<int64_t>& documents, int64_t& taken, std::vector<int64_t>& all) {
  const int64_t before = taken;
  for (const int64_t document : documents) {
    all.push_back(before + document);
    taken = std::max(taken, before + document + 1);
  }
}

}  // namespace

std::vector<fs::path> text_files(const std::string& list) {
  const auto names = split(list, ',');
  std::vector<fs::path> files(names.begin(), names.end());
  if (files.size() > 1 && is_there(list)) {
    if (!std::all_of(files.begin(), files.end(), is_there)) return {list};
    throw InputError(
        fmt::format("{}: is the name of a file, and a list of files that exist; expected one of the two", list));
  }
  for (const auto& file : files) {
    if (file.empty()) throw InputError(fmt::format("'{}': expected file names between the commas", list));
  }
  check_distinct(files);
  return files;
}

std::vector<std::string> text_names(const std::vector<fs::path>& files) {
  std::map<std::string, int> count;
  for (const auto& file : files) ++count[file.filename().string()];
  std::vector<std::string> names;
  for (const auto& file : files) {
    const auto name = file.filename().string();
    names.push_back(count[name] == 1 ? name : file.string());
  }
  return names;
}

int64_t share_of(int64_t n, size_t text, size_t texts) {
  const auto count = static_cast<int64_t>(texts);
  return n / count + (static_cast<int64_t>(text) < n % count ? 1 : 0);
}

Samples interleave(const std::vector<Samples>& of_texts, const std::vector<fs::path>& files) {
  Samples all{{}, {}, {}, 0, of_texts.at(0).slice, {}};
  const auto names = text_names(files);
  std::vector<std::vector<int64_t>> documents(of_texts.size());
  int64_t taken = 0;
  size_t most = 0;
  for (size_t text = 0; text < of_texts.size(); ++text) {
    const auto& one = of_texts[text];
    add_documents(one.documents, taken, documents[text]);
    all.text_tokens += one.text_tokens;
    all.warnings.insert(all.warnings.end(), one.warnings.begin(), one.warnings.end());
    all.texts.push_back({files[text], names[text], static_cast<int64_t>(one.ids.size()), one.text_tokens});
    most = std::max(most, one.ids.size());
  }
  for (size_t i = 0; i < most; ++i) {
    for (size_t text = 0; text < of_texts.size(); ++text) {
      const auto& one = of_texts[text];
      if (i >= one.ids.size()) continue;
      all.ids.push_back(one.ids[i]);
      all.starts.push_back(one.starts[i]);
      all.documents.push_back(documents[text][i]);
      all.text_of.push_back(static_cast<int64_t>(text));
    }
  }
  return all;
}

}  // namespace sinkscope::text
