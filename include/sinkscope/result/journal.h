#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinkscope::result {

/// What a journal file holds up to its first torn or damaged record.
struct JournalContents {
  nlohmann::json header;                   ///< null where not even the header is whole
  std::map<int64_t, std::string> records;  ///< payloads by unit
  std::vector<double> times;               ///< seconds since 1970 at which each was written, in the file's order
  int64_t good_bytes = 0, bytes = 0;       ///< length of what is good, and of the file
};

/// Reads one without taking it; throws InputError where the file cannot be read, is no journal, or has a damaged header
/// in front of records.
JournalContents read_journal(const std::filesystem::path& file);

/// One line a difference: "batch_size: 8 in the journal, 16 here"; "" where both say the same.
std::string differences(const nlohmann::json& there, const nlohmann::json& here, std::string_view name_of_there,
                        std::string_view name_of_here = "here");

/// A journal that another process writes, as far as it has come.
class FollowedJournal {
 public:
  /// `whose`, for the error: "shard 0".
  FollowedJournal(std::filesystem::path file, nlohmann::json header, std::string whose);

  /// All that it holds; nothing where it is not there, has no header yet, or is as long as at the last look. Throws
  /// InputError where it is of another run (with the differences).
  std::optional<JournalContents> look();

 private:
  std::filesystem::path file_;
  nlohmann::json header_;
  std::string whose_;
  uintmax_t looked_at_ = 0;  // bytes
};

/// An append-only file of work that is done, so that a run that was killed goes on: a header with everything that
/// changes a number, then one record a unit of work, each with its SHA-256 and flushed to the disk.
class Journal {
 public:
  /// Makes it, or takes up what an earlier process left, cut back to its last good record. Throws InputError where the
  /// file belongs to another run (with the differences), where another process writes to it, and where it cannot be
  /// made.
  Journal(std::filesystem::path file, const nlohmann::json& header);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Appends one record and waits for the disk. Throws std::runtime_error with what is kept: after a failed write the
  /// file ends with its last good record; where it was deleted or replaced meanwhile, all records are written anew.
  void append(int64_t unit, const std::string& payload);

  /// Of this and earlier processes.
  const std::map<int64_t, std::string>& records() const { return contents_.records; }
  bool has(int64_t unit) const { return contents_.records.contains(unit); }

  /// Bytes of a torn or damaged tail that were cut off when it was taken up.
  int64_t cut() const { return cut_; }

  /// Deletes the file: its work has become a result.
  void remove();

  /// The same for one that a process left behind; nothing where there is none, or somebody is writing to it.
  static void remove_left_over(const std::filesystem::path& file);

 private:
  void take();
  bool is_there() const;
  [[noreturn]] void write_anew();

  std::filesystem::path file_;
  int descriptor_ = -1;
  JournalContents contents_;
  int64_t cut_ = 0;
};

}  // namespace sinkscope::result
