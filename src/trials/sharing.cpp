#include "sinkscope/trials/sharing.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <stdexcept>

#include "sinkscope/intervene/trial_json.h"
#include "sinkscope/trials/journaled_passes.h"
#include "trials/growth.h"

namespace sinkscope::trials {
namespace {

using intervene::Trial;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr int64_t kChooses = 12;  // shard 0 chooses longer than another shard measures
constexpr int64_t kEnding = 10;   // seconds

json spelled(const std::vector<Trial>& list) {
  auto trials = json::array();
  for (const auto& trial : list) trials.push_back(intervene::to_json(trial));
  return trials;
}

}  // namespace

Sharing::Sharing(app::Shard shard, fs::path out, int64_t patience, Ending ending)
    : shard_(shard), out_(std::move(out)), patience_(patience), ending_(std::move(ending)) {}

std::vector<Trial> Sharing::own(const std::vector<Trial>& list) const {
  std::vector<Trial> part;
  for (auto i = static_cast<size_t>(shard_.index); i < list.size(); i += static_cast<size_t>(shard_.count)) {
    part.push_back(list[i]);
  }
  return part;
}

fs::path Sharing::journal_of(int64_t shard, fs::path file) const {
  if (shard == 0) return file;
  return file.replace_extension(fmt::format("{}-of-{}.journal", shard, shard_.count));
}

std::vector<fs::path> Sharing::others(const fs::path& file) const {
  std::vector<fs::path> files;
  for (int64_t shard = 1; shard < shard_.count; ++shard) files.push_back(journal_of(shard, file));
  return files;
}

fs::path Sharing::lists() const {
  auto file = out_;
  return file.replace_extension("lists.journal");
}

result::Journal& Sharing::written(const json& header) {
  if (!written_) written_ = std::make_unique<result::Journal>(lists(), header);
  return *written_;
}

void Sharing::write_down(size_t stage, const std::vector<Trial>& list, int64_t batches, const json& header) {
  if (!is_shared()) return;
  auto& journal = written(header);
  const auto payload = json{{"stage", stage}, {"trials", spelled(list)}, {"batches", batches}}.dump();
  if (!journal.has(number_)) {
    journal.append(number_, payload);
  } else if (journal.records().at(number_) != payload) {
    throw std::runtime_error(
        fmt::format("{}: list {} holds other trials than are chosen now; delete it and the journals beside it to start "
                    "again",
                    lists().string(), number_));
  }
  ++number_;
}

void Sharing::wait_for(const std::vector<Trial>& list, JournaledPasses& passes) {
  if (!is_shared()) return;
  Growth growth(out_);
  const auto files = others(passes.journal());
  do {
    for (const auto& file : files) passes.look(file);
    if (passes.missing(list).empty()) return;
  } while (growth.within(patience_));
  spdlog::warn("no other shard has measured anything for {} s: what is missing of {} trials is made here", patience_,
               list.size());
}

void Sharing::end(const json& header) {
  if (!is_shared()) return;
  auto& journal = written(header);
  if (!journal.has(number_)) journal.append(number_, json{{"end", true}}.dump());
}

/// Shard 0 deletes its lists when the result is written. `begun`: they were there.
bool Sharing::has_ended(bool begun) const {
  return !fs::exists(lists()) && (begun || ending_.is_there());
}

std::optional<SharedList> Sharing::next(const json& header) {
  if (!followed_) followed_.emplace(lists(), header, "shard 0");
  for (Growth growth(out_); growth.within(kChooses * patience_);) {
    if (has_ended(!lists_.empty())) return std::nullopt;
    if (auto contents = followed_->look()) lists_ = std::move(contents->records);
    const auto list = lists_.find(number_);
    if (list == lists_.end()) continue;
    const auto record = json::parse(list->second);
    if (record.contains("end")) return std::nullopt;
    ++number_;
    return SharedList{record.at("stage").get<size_t>(), record.at("trials")};
  }
  throw std::runtime_error(fmt::format(
      "{}: nothing was heard of shard 0 for {} minutes; start it, and this command again, which goes on where it was",
      lists().string(), kChooses * patience_ / 60));
}

void Sharing::remove(const std::vector<fs::path>& files) {
  written_.reset();
  Growth growth(out_);
  for (const auto& file : files) {
    do result::Journal::remove_left_over(file);
    while (is_shared() && fs::exists(file) && growth.within(kEnding));
  }
}

}  // namespace sinkscope::trials
