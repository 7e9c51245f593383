// A real filesystem, filled to the brim.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "datawal/record_log_reader.h"
#include "file/filesystem.h"
#include "file/posix_test_support.h"
#include "format/names.h"
#include "support/records.h"

namespace datawal::test::full_disk_test {
namespace {

constexpr std::string_view kPoison =
    "datawal: writer poisoned: append_record write_all failed; drop handle and reopen";

// Writes into `file` until the disk is full; gives its size.
std::uint64_t fill_disk(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string block(4096, 'f');
  std::uint64_t size = 0;
  while (true) {
    const ssize_t count = ::write(fd.get(), block.data(), block.size());
    if (count <= 0) return size;
    size += static_cast<std::uint64_t>(count);
  }
}

// Does what it does in a process with a mount of its own, and says what has gone wrong there.
class FullDisk {
 public:
  explicit FullDisk(std::filesystem::path mount) : mount_(std::move(mount)) {}

  std::string run() {
    const std::string trouble = test::mount_tmpfs(mount_, "2m");
    if (!trouble.empty()) return trouble;
    test::write_text(mount_ / "ballast", std::string(100'000, 'b'));
    for (const auto& step : {&FullDisk::fill, &FullDisk::read_poisoned, &FullDisk::reopen_full,
                             &FullDisk::look_from_beside, &FullDisk::copy_full, &FullDisk::go_on}) {
      if (problem_.empty()) (this->*step)();
    }
    return problem_;
  }

 private:
  [[nodiscard]] std::filesystem::path store_path() const { return mount_ / "store"; }

  void expect(bool is_true, const std::string& what) {
    if (!is_true && problem_.empty()) problem_ = what;
  }

  void fill() {
    Result<DataWal> opened = DataWal::open(store_path(), {.segment_size_max = 200'000});
    if (!opened) return expect(false, opened.error().to_string());
    store_.emplace(*std::move(opened));
    for (std::uint64_t number = 0;; ++number) {
      const std::string key = "key " + std::to_string(number);
      const Bytes value = noise(number, 15'000);
      const Result<Txid> put = store_->put(as_bytes(key), value);
      if (!put) return expect(put.error().code == ErrorCode::kNoSpace, put.error().to_string());
      expected_[key] = as_text(value);
      if (number % 10 == 0) expect(store_->sync().has_value(), "sync");
    }
  }

  void expect_poisoned(const char* what, const std::optional<Error>& error) {
    if (!error) return expect(false, std::string(what) + " has worked on a poisoned writer");
    expect(error->code == ErrorCode::kPoisoned && error->message == kPoison, error->to_string());
  }

  template <typename T>
  static std::optional<Error> error_of(const Result<T>& result) {
    return result ? std::nullopt : std::optional(result.error());
  }

  void read_poisoned() {
    expect(store_->is_poisoned(), "not poisoned");
    expect_poisoned("put", error_of(store_->put(as_bytes("more"), {})));
    expect_poisoned("remove", error_of(store_->remove(as_bytes("key 0"))));
    expect_poisoned("append", error_of(store_->append({})));
    expect_poisoned("sync", error_of(store_->sync()));
    expect_poisoned("rotate", error_of(store_->rotate()));
    expect_all(*store_, "poisoned");
    fill_disk(mount_ / "filler");
    store_.reset();
  }

  void expect_all(const DataWal& store, const std::string& when) {
    expect(store.size() == expected_.size(), when + ": other keys");
    for (const auto& [key, value] : expected_) {
      const auto found = store.get(as_bytes(key));
      if (!found) return expect(false, when + ": " + found.error().to_string());
      expect(*found && (*found)->text() == value, when + ": " + key + " is wrong");
    }
  }

  // Not one byte is free, and the last record is torn: it is set aside once there is room.
  void reopen_full() {
    Result<DataWal> store = DataWal::open(store_path());
    if (!store) return expect(false, "full: " + store.error().to_string());
    expect_all(*store, "full");
    const TailReport& tail = store->recovery_report().tail;
    expect(tail.kind == TailKind::kIncomplete, "the last record is not torn");
    expect(tail.deferred && tail.deferred->code == ErrorCode::kNoSpace, "nothing was deferred");
    expect(!tail.cut, "cut without a copy");
    const Result<Txid> put = store->put(as_bytes("too much"), {});
    expect(!put && put.error().code == ErrorCode::kNoSpace, "put on the full disk");
    expect(!store->is_poisoned(), "poisoned although nothing was written");
    expect_all(*store, "full, after a put");
  }

  void look_from_beside() {
    const Result<DataWal> store = DataWal::open_read_only(store_path());
    if (!store) return expect(false, "read-only: " + store.error().to_string());
    expect_all(*store, "read-only");
    const Result<RecordLogReader> reader = RecordLogReader::open(store_path());
    if (!reader) return expect(false, "reader: " + reader.error().to_string());
    const Reading reading = reading_of(reader->scan());
    expect(!reading.error && fold(reading.records) == expected_, "reader");
    const Result<VerifyReport> verified = verify(store_path());
    expect(verified && !verified->refusal, "verify");
  }

  void copy_full() {
    const Result<DataWal> store = DataWal::open_read_only(store_path());
    const Result<CompactionStats> compacted = store->compact_to(mount_ / "compact");
    expect(!compacted && compacted.error().code == ErrorCode::kNoSpace, "compact_to");
    const Result<ExportStats> exported = store->export_jsonl(mount_ / "export.jsonl");
    expect(!exported && exported.error().code == ErrorCode::kNoSpace, "export_jsonl");
    std::size_t entry_count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(mount_)) {
      if (entry.exists()) ++entry_count;
    }
    expect(entry_count == 3, "something is left of the copies");
  }

  void go_on() {
    Result<DataWal> store = DataWal::open(store_path());
    if (!store) return expect(false, "full again: " + store.error().to_string());
    std::filesystem::remove(mount_ / "ballast");
    const Result<Txid> put = store->put(as_bytes("after"), as_bytes("room"));
    if (!put) return expect(false, "put with room: " + put.error().to_string());
    expected_["after"] = "room";
    const TailReport tail = store->recovery_report().tail;
    expect(tail.cut && !tail.deferred, "the torn record was not cut");
    expect(std::filesystem::exists(store_path() / tail.quarantine), "no quarantine");
    expect(store->close().has_value(), "close");
    const Result<DataWal> reopened = DataWal::open(store_path());
    if (!reopened) return expect(false, "reopened: " + reopened.error().to_string());
    expect_all(*reopened, "reopened");
    expect(reopened->recovery_report().tail.kind == TailKind::kClean, "not clean in the end");
  }

  std::filesystem::path mount_;
  std::optional<DataWal> store_;
  KeyValues expected_;
  std::string problem_;
};

// Fills a disk of `size_kib` with a log whose segments are made ahead, and says what is wrong then.
std::string fill_ahead(const std::filesystem::path& mount, std::uint64_t size_kib) {
  std::filesystem::create_directory(mount);
  const std::string trouble = test::mount_tmpfs(mount, std::to_string(size_kib) + "k");
  if (!trouble.empty()) return trouble;
  // Nor are sidecars written meanwhile, which take room for a moment, too, and give it back.
  const Options options = {.segment_size_max = AheadOfRotation{}.segment_size_min,
                           .checkpoint_log_size = std::uint64_t{1} << 30};
  KeyValues expected;
  {
    Result<DataWal> store = DataWal::open(mount / "store", options);
    if (!store) return store.error().to_string();
    for (std::uint64_t number = 0;; ++number) {
      const std::string key = "key " + std::to_string(number);
      const Bytes value = noise(number, 3'000);
      const Result<Txid> put = store->put(as_bytes(key), value);
      if (put) {
        expected[key] = as_text(value);
        continue;
      }
      if (put.error().code != ErrorCode::kNoSpace) return put.error().to_string();
      break;
    }
    if (std::filesystem::space(mount).available > 8192)
      return "a put has failed though there is room";
    for (const auto& entry : std::filesystem::directory_iterator(mount / "store")) {
      if (is_prepared_name(entry.path().filename().string())) return "there is a prepared segment";
    }
  }
  const Result<DataWal> store = DataWal::open_read_only(mount / "store");
  if (!store) return store.error().to_string();
  const Reading reading = reading_of(store->scan());
  return !reading.error && fold(reading.records) == expected ? "" : "other records are there";
}

TEST(FullDisk, AppendsComeBeforeWhatIsPreparedAhead) {
  const test::ScratchDirectory scratch;
  const auto fill_all = [&]() -> std::string {
    for (std::uint64_t size_kib = 3'000; size_kib < 14'000; size_kib += 613) {
      const std::string found = fill_ahead(scratch / std::to_string(size_kib), size_kib);
      if (!found.empty()) return std::to_string(size_kib) + " KiB: " + found;
    }
    return "";
  };
  EXPECT_EQ(test::run_in_child(fill_all), "");
}

TEST(FullDisk, LosesNothingReadsOnAndGoesOnOnceThereIsRoom) {
  const test::ScratchDirectory scratch;
  EXPECT_EQ(test::run_in_child([&] { return FullDisk(scratch.path()).run(); }), "");
}

}  // namespace
}  // namespace datawal::test::full_disk_test
