// The file: 8 bytes of magic, then records of unit (int64), seconds since 1970 (float64), payload length (uint64),
// payload, SHA-256 of all four. The header is the record of unit -1, its payload JSON. Numbers are little-endian.

#include "sinkscope/result/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "sinkscope/error.h"
#include "sinkscope/files/read_file.h"
#include "sinkscope/result/sha256.h"

namespace sinkscope::result {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little);
constexpr std::string_view kMagic = "sinkjrn1";
constexpr int64_t kHeaderUnit = -1;
constexpr uint64_t kMostOfHeader = 1 << 20;
constexpr size_t kHead = 24, kDigest = 64;  // the digest is hexadecimal

struct Record {
  int64_t unit;
  double time;
  std::string payload;
};

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string encode(int64_t unit, double time, const std::string& payload) {
  std::string bytes(kHead, '\0');
  const uint64_t length = payload.size();
  std::memcpy(bytes.data(), &unit, 8);
  std::memcpy(bytes.data() + 8, &time, 8);
  std::memcpy(bytes.data() + 16, &length, 8);
  bytes += payload;
  return bytes + sha256(bytes);
}

/// The record at the front of `bytes`, which then moves behind it; nothing where none is whole there.
std::optional<Record> decode(std::string_view& bytes) {
  if (bytes.size() < kHead) return std::nullopt;
  int64_t unit = 0;
  double time = 0;
  uint64_t length = 0;
  std::memcpy(&unit, bytes.data(), 8);
  std::memcpy(&time, bytes.data() + 8, 8);
  std::memcpy(&length, bytes.data() + 16, 8);
  if (length > bytes.size() || bytes.size() - length < kHead + kDigest) return std::nullopt;
  if (sha256(bytes.substr(0, kHead + length)) != bytes.substr(kHead + length, kDigest)) return std::nullopt;
  Record record{unit, time, std::string(bytes.substr(kHead, length))};
  bytes.remove_prefix(kHead + length + kDigest);
  return record;
}

JournalContents parse(const std::string& file, std::string_view bytes) {
  JournalContents found;
  found.bytes = static_cast<int64_t>(bytes.size());
  const auto begun = std::min(bytes.size(), kMagic.size());
  if (bytes.substr(0, begun) != kMagic.substr(0, begun)) throw InputError(fmt::format("{}: is not a journal", file));
  auto rest = bytes.substr(begun);
  const auto header = decode(rest);
  if (!header || header->unit != kHeaderUnit) {
    uint64_t length = 0;  // of a header that was torn while it was written, the file holds less than it says
    if (rest.size() >= kHead) std::memcpy(&length, rest.data() + kHead - sizeof(length), sizeof(length));
    if (rest.size() < kHead || (length < kMostOfHeader && rest.size() < kHead + length + kDigest)) return found;
    throw InputError(fmt::format("{}: the journal's header is damaged; move the file away to start again", file));
  }
  found.header = json::parse(header->payload);
  while (auto record = decode(rest)) {
    found.records[record->unit] = std::move(record->payload);
    found.times.push_back(record->time);
  }
  found.good_bytes = static_cast<int64_t>(bytes.size() - rest.size());
  return found;
}

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) throw std::runtime_error(std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  if (fdatasync(descriptor) != 0) throw std::runtime_error(std::strerror(errno));
}

}  // namespace

JournalContents read_journal(const std::filesystem::path& file) {
  return parse(file.string(), files::read_file(file));
}

std::string differences(const json& there, const json& here, std::string_view name_of_there,
                        std::string_view name_of_here) {
  std::string lines;
  const auto value = [](const json& all, const json::json_pointer& place) {
    return all.contains(place) ? all.at(place).dump() : std::string("nothing");
  };
  for (const auto& change : json::diff(there, here)) {
    const json::json_pointer place(change.at("path").get<std::string>());
    lines += fmt::format("\n  {}: {} {}, {} {}", place.to_string().substr(1), value(there, place), name_of_there,
                         value(here, place), name_of_here);
  }
  return lines;
}

FollowedJournal::FollowedJournal(std::filesystem::path file, json header, std::string whose)
    : file_(std::move(file)), header_(std::move(header)), whose_(std::move(whose)) {}

std::optional<JournalContents> FollowedJournal::look() {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(file_, missing);
  if (missing || bytes == looked_at_) return std::nullopt;
  looked_at_ = bytes;
  auto contents = read_journal(file_);
  if (contents.header.is_null()) return std::nullopt;
  if (const auto found = differences(contents.header, header_, "there"); !found.empty()) {
    throw InputError(fmt::format("{}: {} works on another run:{}", file_.string(), whose_, found));
  }
  return contents;
}

Journal::Journal(std::filesystem::path file, const json& header) : file_(std::move(file)) {
  take();
  try {
    contents_ = read_journal(file_);
    cut_ = contents_.bytes - contents_.good_bytes;
    if (!contents_.header.is_null()) {
      const auto other = differences(contents_.header, header, "in the journal");
      if (!other.empty()) {
        throw InputError(fmt::format("{}: the journal of another run; delete it, or start that run again:{}",
                                     file_.string(), other));
      }
    }
    if (ftruncate(descriptor_, contents_.good_bytes) != 0) throw std::runtime_error(std::strerror(errno));
    lseek(descriptor_, 0, SEEK_END);
    if (contents_.header.is_null()) {
      contents_.header = header;
      write_all(descriptor_, std::string(kMagic) + encode(kHeaderUnit, now(), header.dump()));
    }
  } catch (const InputError&) {
    close(descriptor_);
    throw;
  } catch (const std::exception& e) {
    close(descriptor_);
    throw std::runtime_error(fmt::format("{}: cannot be written: {}", file_.string(), e.what()));
  }
}

Journal::~Journal() {
  close(descriptor_);
}

/// Opens and locks it; the lock ends with the process, however it ends.
void Journal::take() {
  descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    throw InputError(fmt::format("{}: the journal cannot be opened: {}", file_.string(), std::strerror(errno)));
  }
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  close(descriptor_);
  if (reason == EWOULDBLOCK) throw InputError(fmt::format("{}: another process is writing to it", file_.string()));
  throw InputError(fmt::format("{}: the journal cannot be locked: {}", file_.string(), std::strerror(reason)));
}

bool Journal::is_there() const {
  struct stat open_one {
  }, named{};
  return fstat(descriptor_, &open_one) == 0 && stat(file_.c_str(), &named) == 0 && open_one.st_ino == named.st_ino &&
         open_one.st_dev == named.st_dev;
}

void Journal::append(int64_t unit, const std::string& payload) {
  contents_.records[unit] = payload;
  if (!is_there()) write_anew();
  const auto good = lseek(descriptor_, 0, SEEK_END);
  try {
    write_all(descriptor_, encode(unit, now(), payload));
  } catch (const std::runtime_error& e) {
    contents_.records.erase(unit);
    const bool kept = ftruncate(descriptor_, good) == 0;
    throw std::runtime_error(fmt::format("{}: cannot be written: {}; {} units are {}, the same command goes on",
                                         file_.string(), e.what(), contents_.records.size(),
                                         kept ? "kept" : "kept before a torn one"));
  }
}

void Journal::write_anew() {
  auto place = file_;
  if (std::filesystem::exists(place)) place += ".rescued";
  const int fresh = open(place.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fresh < 0) {
    throw std::runtime_error(fmt::format("{}: was deleted or replaced, and {} cannot be made: {}; {} units are lost",
                                         file_.string(), place.string(), std::strerror(errno),
                                         contents_.records.size()));
  }
  auto bytes = std::string(kMagic) + encode(kHeaderUnit, now(), contents_.header.dump());
  for (const auto& [unit, payload] : contents_.records) bytes += encode(unit, now(), payload);
  try {
    write_all(fresh, bytes);
  } catch (...) {
    close(fresh);
    throw;
  }
  close(fresh);
  throw std::runtime_error(
      fmt::format("{}: was deleted or replaced while this run wrote to it; its {} units are in {} "
                  "again, and the same command goes on from there",
                  file_.string(), contents_.records.size(), place.string()));
}

void Journal::remove_left_over(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) unlink(file.c_str());
  close(descriptor);
}

void Journal::remove() {
  if (is_there()) std::filesystem::remove(file_);
}

}  // namespace sinkscope::result
