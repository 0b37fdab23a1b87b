#include "sinkscope/result/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sinkscope/error.h"

namespace sinkscope::result {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class JournalFile : public testing::Test {
 protected:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sinkscope_journal_" + std::to_string(getpid()));
  std::filesystem::path file_ = folder_ / "sweep.journal";
  json header_ = {{"batch_size", 8}, {"data", {{"sha256", "ab"}}}};
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write_three() {
    Journal journal(file_, header_);
    for (const int64_t unit : {4, 0, 2}) journal.append(unit, std::string(100 + unit, 'x') + '\0' + "end");
  }
  std::string bytes() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& bytes) const { std::ofstream(file_, std::ios::binary) << bytes; }

  template <typename F>
  static std::string what(const F& f) {
    try {
      f();
    } catch (const std::exception& e) {
      return e.what();
    }
    return "nothing was thrown";
  }
};

TEST_F(JournalFile, GoesOnWhereItWas) {
  write_three();
  Journal journal(file_, header_);
  EXPECT_EQ(journal.cut(), 0);
  EXPECT_EQ(journal.records().size(), 3U);
  EXPECT_EQ(journal.records().at(2), std::string(102, 'x') + '\0' + "end");
  journal.append(9, "");
  EXPECT_TRUE(read_journal(file_).records.at(9).empty());
}

TEST_F(JournalFile, IsCutBackWhereverItWasTorn) {
  write_three();
  const auto whole = bytes();
  std::vector<size_t> kept;
  for (size_t length = 0; length < whole.size(); ++length) {
    put(whole.substr(0, length));
    Journal journal(file_, header_);
    kept.push_back(journal.records().size());
    journal.append(7, "new");
    EXPECT_EQ(read_journal(file_).records.size(), kept.back() + 1);
    EXPECT_EQ(read_journal(file_).good_bytes, read_journal(file_).bytes);
  }
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_EQ(kept.front(), 0U);
  EXPECT_EQ(kept.back(), 2U);
}

TEST_F(JournalFile, AFlippedBitAnywhereIsNeverTakenForWork) {
  write_three();
  const auto whole = bytes();
  const auto wanted = read_journal(file_).records;
  const size_t header = whole.find('}', whole.find("sha256")) + 1 + 64;  // where the header's digest may end
  for (size_t place = 0; place < whole.size(); place += 3) {
    auto damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
    put(damaged);
    try {
      for (const auto& [unit, payload] : read_journal(file_).records) EXPECT_EQ(payload, wanted.at(unit));
    } catch (const InputError&) {
      EXPECT_LT(place, header + 1);  // no journal at all, or a header that nothing can be told by
    }
  }
}

TEST_F(JournalFile, ADamagedHeaderThrowsNoWorkAway) {
  write_three();
  auto damaged = bytes();
  damaged[40] = static_cast<char>(damaged[40] ^ 1);
  put(damaged);
  EXPECT_THAT(what([&] { Journal journal(file_, header_); }), HasSubstr("header is damaged"));
  EXPECT_EQ(bytes(), damaged);
}

TEST_F(JournalFile, OnlyOneThatNobodyWritesToIsLeftOver) {
  {
    Journal journal(file_, header_);
    Journal::remove_left_over(file_);
    EXPECT_TRUE(std::filesystem::exists(file_));
  }
  Journal::remove_left_over(file_);
  EXPECT_FALSE(std::filesystem::exists(file_));
  Journal::remove_left_over(file_);
}

TEST_F(JournalFile, AnotherRunIsRefusedWithWhatDiffers) {
  write_three();
  auto other = header_;
  other["batch_size"] = 16;
  other["data"]["sha256"] = "cd";
  const auto message = what([&] { Journal journal(file_, other); });
  EXPECT_THAT(message, HasSubstr("batch_size: 8 in the journal, 16 here"));
  EXPECT_THAT(message, HasSubstr("data/sha256: \"ab\" in the journal, \"cd\" here"));
  EXPECT_EQ(read_journal(file_).records.size(), 3U);
}

TEST_F(JournalFile, IsFollowedWhileItGrows) {
  FollowedJournal followed(file_, header_, "shard 0");
  EXPECT_FALSE(followed.look());  // not there
  put("sinkjrn1");
  EXPECT_FALSE(followed.look());  // without a header
  std::filesystem::remove(file_);
  Journal journal(file_, header_);
  EXPECT_TRUE(followed.look()->records.empty());
  EXPECT_FALSE(followed.look());  // as long as before
  for (const int64_t unit : {3, 1}) journal.append(unit, "x" + std::to_string(unit));
  EXPECT_EQ(followed.look()->records, (std::map<int64_t, std::string>{{1, "x1"}, {3, "x3"}}));
  EXPECT_FALSE(followed.look());
  const auto refused = what([&] { FollowedJournal(file_, {{"batch_size", 9}}, "shard 0").look(); });
  for (const char* part : {"sweep.journal: shard 0 works on another run", "batch_size: 8 there, 9 here"})
    EXPECT_THAT(refused, HasSubstr(part));
}

TEST_F(JournalFile, OneWriterAtATime) {
  Journal first(file_, header_);
  EXPECT_THAT(what([&] { Journal second(file_, header_); }), HasSubstr("another process"));
}

TEST_F(JournalFile, DeletedUnderARunItIsWrittenAnew) {
  Journal journal(file_, header_);
  journal.append(1, "one");
  std::filesystem::remove(file_);
  EXPECT_THAT(what([&] { journal.append(2, "two"); }), HasSubstr("deleted or replaced"));
  EXPECT_EQ(read_journal(file_).records.size(), 2U);
}

TEST_F(JournalFile, ReplacedUnderARunItIsWrittenBesideTheStranger) {
  Journal journal(file_, header_);
  journal.append(1, "one");
  std::filesystem::remove(file_);
  put("a stranger");
  EXPECT_THAT(what([&] { journal.append(2, "two"); }), HasSubstr(".rescued"));
  EXPECT_EQ(bytes(), "a stranger");
  EXPECT_EQ(read_journal(file_.string() + ".rescued").records.size(), 2U);
}

TEST_F(JournalFile, AFullDiskKeepsWhatWasWritten) {
  Journal journal(file_, header_);
  journal.append(1, "one");
  const auto before = bytes();
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{before.size() + 50, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto message = what([&] { journal.append(2, std::string(1000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_THAT(message, HasSubstr("1 units are kept"));
  EXPECT_EQ(bytes(), before);
  journal.append(3, "three");
  EXPECT_EQ(read_journal(file_).records.size(), 2U);
}

TEST_F(JournalFile, WhatIsNoJournalIsNamed) {
  put("{\"results\": 1}");
  EXPECT_THAT(what([&] { Journal journal(file_, header_); }), HasSubstr("is not a journal"));
  EXPECT_THAT(what([&] { Journal journal(folder_ / "none" / "x.journal", header_); }), HasSubstr("cannot be opened"));
  EXPECT_THAT(what([&] { read_journal(folder_ / "none"); }), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace sinkscope::result
