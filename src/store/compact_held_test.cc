// Real files, of more segments than there are files kept open: whoever reads several of them goes
// on with what was there when he began, whatever a compaction has put in its place.
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "file/posix_test_support.h"
#include "format/names.h"
#include "log/log_test_support.h"
#include "log/segment_set.h"

namespace datawal::compact_held_test {
namespace {

using test::must;
using test::put_frame;
using test::read_all;
using test::Succeeds;

// The operating system, where something happens before the n-th look at names.
class InterruptedFilesystem final : public Filesystem {
 public:
  InterruptedFilesystem(std::uint64_t n, std::function<void()> interrupt)
      : left_(std::make_shared<std::uint64_t>(n)), interrupt_(std::move(interrupt)) {}

  [[nodiscard]] bool has_happened() const { return *left_ == 0; }

  [[nodiscard]] Result<std::unique_ptr<Directory>> open_directory(
      const std::filesystem::path& path) override {
    auto directory = posix_filesystem().open_directory(path);
    if (!directory) return directory;
    return std::make_unique<Interrupted>(*std::move(directory), left_, interrupt_);
  }
  [[nodiscard]] Result<std::unique_ptr<Directory>> create_directory(
      const std::filesystem::path& path) override {
    return posix_filesystem().create_directory(path);
  }
  [[nodiscard]] Result<std::unique_ptr<File>> open_file(
      const std::filesystem::path& path) override {
    return posix_filesystem().open_file(path);
  }
  [[nodiscard]] std::array<std::byte, 16> boot_id() const override {
    return posix_filesystem().boot_id();
  }
  void fill_random(MutableByteView buffer) override { posix_filesystem().fill_random(buffer); }
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override {
    return posix_filesystem().now();
  }

 private:
  class Interrupted final : public Directory {
   public:
    Interrupted(std::unique_ptr<Directory> directory, std::shared_ptr<std::uint64_t> left,
                std::function<void()> interrupt)
        : directory_(std::move(directory)),
          left_(std::move(left)),
          interrupt_(std::move(interrupt)) {}

    [[nodiscard]] const std::filesystem::path& path() const override { return directory_->path(); }
    [[nodiscard]] Result<std::vector<DirectoryEntry>> list() const override {
      count();
      return directory_->list();
    }
    [[nodiscard]] Result<std::unique_ptr<File>> open(std::string_view name,
                                                     OpenMode mode) const override {
      count();
      return directory_->open(name, mode);
    }
    [[nodiscard]] Status rename(std::string_view from, std::string_view to,
                                Replace replace) override {
      return directory_->rename(from, to, replace);
    }
    [[nodiscard]] Result<bool> link(const File& file, std::string_view name) override {
      return directory_->link(file, name);
    }
    [[nodiscard]] Status exchange(std::string_view name, std::string_view other) override {
      return directory_->exchange(name, other);
    }
    [[nodiscard]] Status remove(std::string_view name) override { return directory_->remove(name); }
    [[nodiscard]] Status make_directory(std::string_view name) override {
      return directory_->make_directory(name);
    }
    [[nodiscard]] Status sync() override { return directory_->sync(); }
    [[nodiscard]] Status sync_parent() override { return directory_->sync_parent(); }
    [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(std::string_view name) override {
      return directory_->lock(name);
    }
    [[nodiscard]] Result<std::unique_ptr<DirectoryWatch>> watch() const override {
      return directory_->watch();
    }

   private:
    void count() const {
      if (*left_ > 0 && --*left_ == 0) interrupt_();
    }

    std::unique_ptr<Directory> directory_;
    std::shared_ptr<std::uint64_t> left_;  // shared with the filesystem
    std::function<void()> interrupt_;
  };

  std::shared_ptr<std::uint64_t> left_;
  std::function<void()> interrupt_;
};

using Txids = std::vector<Txid>;
using Values = std::map<std::string, std::string>;

class CompactHeld : public testing::Test {
 protected:
  static constexpr std::uint32_t kCount = SegmentSet::kOpenFilesMax + 40;
  // So that a sweep over all looks takes seconds.
  static constexpr std::uint64_t kStride = 241;

  // A log of so many segments with a Put each, and one of which the same keys are put once more
  // where `is_dead` says so; with a last segment that is written to.
  void make_log(bool is_dead) {
    std::filesystem::remove_all(store_);
    std::filesystem::create_directories(store_);
    Txid txid = 0;
    std::uint32_t segment = 0;
    for (std::uint32_t number = 0; number < kCount; ++number) {
      write_segment(++segment, put_frame(++txid, key_of(number), "old"));
    }
    for (std::uint32_t number = 0; is_dead && number < kCount; ++number) {
      write_segment(++segment, put_frame(++txid, key_of(number), "new"));
    }
    write_segment(++segment, put_frame(++txid, "last", "old"));
    last_ = txid;
  }
  void write_segment(std::uint32_t id, ByteView frame) const {
    test::write_text(store_ / segment_name(SegmentId{id}), as_text(frame));
  }
  static std::string key_of(std::uint32_t number) { return std::to_string(1'000 + number); }

  [[nodiscard]] Options options() const {
    return {.segment_size_max = segment_size_max_, .reserve_space = false};
  }
  [[nodiscard]] DataWal open_store() const { return must(DataWal::open(store_, options())); }
  // As another process does it: nobody who reads here knows of it.
  void compact() const {
    DataWal store = open_store();
    const CompactionReport report = must(store.compact());
    EXPECT_GT(report.segments_removed + report.records_dropped, SegmentSet::kOpenFilesMax);
  }
  // What follows each other from `first` to `last`.
  static Txids txids(Txid first, Txid last) {
    Txids all;
    for (Txid txid = first; txid <= last; ++txid) all.push_back(txid);
    return all;
  }
  // `what` for one look after the other at which a compaction comes, until there is none.
  void at_looks(bool is_dead, const std::function<void(const Options&)>& what) {
    bool has_happened = true;
    std::uint64_t n = 1;
    for (; has_happened; n += kStride) {
      SCOPED_TRACE("look " + std::to_string(n));
      make_log(is_dead);
      InterruptedFilesystem filesystem(n, [this] { compact(); });
      Options interrupted = options();
      interrupted.filesystem = &filesystem;
      what(interrupted);
      has_happened = filesystem.has_happened();
    }
    EXPECT_GT(n, 3 * kCount) << "the scenario has become too small to mean anything";
  }

  test::ScratchDirectory scratch_;
  std::filesystem::path store_ = scratch_ / "store";
  std::uint64_t segment_size_max_ = 4'000;  // of what is joined
  Txid last_ = 0;
};

TEST_F(CompactHeld, ACursorGivesTheRecordsOfItsBeginning) {
  make_log(true);
  const RecordLogReader reader = must(RecordLogReader::open(store_, options()));
  RecordCursor fresh = reader.scan();
  RecordCursor begun = reader.scan();
  EXPECT_EQ(must(begun.next())->txid, 1U);
  RecordCursor from_txid = reader.scan_from_txid(kCount / 2);
  compact();
  for (auto& [cursor, first] : std::vector<std::pair<RecordCursor*, Txid>>{
           {&fresh, 1}, {&begun, 2}, {&from_txid, kCount / 2}}) {
    const test::Scan scan = read_all(std::move(*cursor));
    EXPECT_FALSE(scan.error) << scan.error->to_string();
    EXPECT_EQ(scan.txids(), txids(first, last_));
  }
}

TEST_F(CompactHeld, ACursorOfTheWriterGivesTheRecordsOfItsBeginning) {
  make_log(true);
  DataWal store = open_store();
  RecordCursor of_store = store.scan();
  RecordCursor of_log = store.log()->scan();
  EXPECT_GT(must(store.compact()).records_dropped, SegmentSet::kOpenFilesMax);
  for (RecordCursor* cursor : {&of_store, &of_log}) {
    const test::Scan scan = read_all(std::move(*cursor));
    EXPECT_FALSE(scan.error) << scan.error->to_string();
    EXPECT_EQ(scan.txids(), txids(1, last_));
  }
}

// Of segments in the middle, with what was there; then of those that are written to.
TEST_F(CompactHeld, AFollowerGivesWhatWasThereAndWhatComes) {
  make_log(true);
  Follower follower = must(must(RecordLogReader::open(store_, options())).follow());
  Txids found = {must(follower.next(std::chrono::milliseconds{0}))->txid};
  compact();
  DataWal store = open_store();
  const Txid behind = must(store.put(as_bytes("behind"), as_bytes("new")));
  while (const auto record = must(follower.next(std::chrono::milliseconds{0}))) {
    found.push_back(record->txid);
  }
  EXPECT_EQ(found, txids(1, behind));
}

TEST_F(CompactHeld, FollowersBeginWhereverACompactionComes) {
  at_looks(false, [this](const Options& options) {
    const RecordLogReader reader = must(RecordLogReader::open(store_, options));
    for (const Txid from : {Txid{0}, Txid{kCount / 2}, last_ + 1}) {
      Result<Follower> follower = reader.follow(from);
      ASSERT_THAT(follower, Succeeds()) << "from " << from;
      Txids found;
      while (const auto record = must(follower->next(std::chrono::milliseconds{0}))) {
        found.push_back(record->txid);
      }
      EXPECT_EQ(found, txids(std::max<Txid>(from, 1), last_));
    }
  });
}

TEST_F(CompactHeld, VerifyIsOfOneMomentWhereverACompactionComes) {
  const auto verify_log = [this](const Options& options) {
    const Result<VerifyReport> report = verify(store_, options);
    ASSERT_THAT(report, Succeeds());
    EXPECT_TRUE(report->is_sound());
    EXPECT_FALSE(report->refusal);
    EXPECT_EQ(report->last_frame.segment, report->segments.back().id);
  };
  at_looks(true, verify_log);
}

TEST_F(CompactHeld, AReadOnlyStoreGivesTheValuesOfItsBeginning) {
  make_log(false);
  const DataWal reader = must(DataWal::open_read_only(store_, options()));
  {
    DataWal store = open_store();
    for (std::uint32_t number = 0; number < kCount; ++number) {
      must(store.put(as_bytes(key_of(number)), as_bytes("new")));
    }
    EXPECT_GT(must(store.compact()).records_dropped, SegmentSet::kOpenFilesMax);
  }
  for (std::uint32_t number = 0; number < kCount; ++number) {
    const auto value = reader.get(as_bytes(key_of(number)));
    ASSERT_THAT(value, Succeeds());
    ASSERT_TRUE(*value);
    EXPECT_EQ((*value)->text(), "old");
  }
}

}  // namespace
}  // namespace datawal::compact_held_test
