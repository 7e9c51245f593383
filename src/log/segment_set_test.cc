// Taking all segments from one moment, while another process replaces, joins, removes and begins
// them between any two calls.
#include "log/segment_set.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "datawal/data_wal.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::segment_set_test {
namespace {

using test::FailsWith;
using test::must;
using test::put_frame;
using test::Succeeds;

// For reading only, and something happens before its n-th call.
class InterruptedDirectory final : public Directory {
 public:
  InterruptedDirectory(std::unique_ptr<Directory> directory, std::uint64_t n,
                       std::function<void()> interrupt)
      : directory_(std::move(directory)), left_(n), interrupt_(std::move(interrupt)) {}

  [[nodiscard]] bool has_happened() const { return left_ == 0; }
  void before_every_call(std::function<void()> action) { before_every_ = std::move(action); }

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
  [[nodiscard]] Status rename(std::string_view, std::string_view, Replace) override { return no(); }
  [[nodiscard]] Result<bool> link(const File&, std::string_view) override { return false; }
  [[nodiscard]] Status exchange(std::string_view, std::string_view) override { return no(); }
  [[nodiscard]] Status remove(std::string_view) override { return no(); }
  [[nodiscard]] Status make_directory(std::string_view) override { return no(); }
  [[nodiscard]] Status sync() override { return no(); }
  [[nodiscard]] Status sync_parent() override { return no(); }
  [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(std::string_view name) override {
    return directory_->lock(name);
  }
  [[nodiscard]] Result<std::unique_ptr<DirectoryWatch>> watch() const override {
    return directory_->watch();
  }

 private:
  static Status no() {
    return std::unexpected(Error{.code = ErrorCode::kReadOnly, .message = "for reading only"});
  }
  void count() const {
    if (left_ > 0 && --left_ == 0) interrupt_();
    if (before_every_) before_every_();
  }

  std::unique_ptr<Directory> directory_;
  mutable std::uint64_t left_;
  std::function<void()> interrupt_;
  std::function<void()> before_every_;
};

using Values = std::map<std::string, std::string>;

class SegmentSetTest : public test::SimulatedLog {
 protected:
  SegmentSetTest() {
    options_.segment_size_max = 300;
    writing_ = filesystem_.new_process();
    options_.filesystem = writing_.get();
  }

  // Anew.
  DataWal make_store() {
    if (filesystem_.exists(kStore)) filesystem_.remove(kStore);
    DataWal store = must(DataWal::open(kStore, options_));
    for (int number = 0; number < 60; ++number) {
      must(store.put(as_bytes("key " + std::to_string(number % 17)),
                     as_bytes("value " + std::to_string(number))));
      if (number % 9 == 0) must(store.remove(as_bytes("key " + std::to_string(number % 5))));
    }
    return store;
  }

  // With Raw records, beside which nothing is joined, and nothing to compact in the last segment.
  DataWal make_store_that_keeps_its_names() {
    if (filesystem_.exists(kStore)) filesystem_.remove(kStore);
    options_.segment_size_max = 4'000;
    DataWal store = must(DataWal::open(kStore, options_));
    for (int number = 0; number < 8; ++number) {
      const std::string key = "key " + std::to_string(number / 2);
      must(store.append(as_bytes("event")));
      must(store.put(as_bytes(key), as_bytes(std::string(100, 'v'))));
      must(store.rotate());
      must(store.remove(as_bytes(key)));  // what it removes is in the segment before
    }
    must(store.append(as_bytes("event")));
    must(store.rotate());
    must(store.put(as_bytes("last"), as_bytes("value")));
    return store;
  }

  // A compaction between any two calls of opening.
  void expect_one_moment(const std::function<DataWal()>& make) {
    bool has_happened = true;
    std::uint64_t n = 0;
    while (has_happened) {
      ++n;
      DataWal store = make();
      const Values expected = fold(must(SegmentSet::open(directory())));
      const auto interrupted = directory(n, [&] { must(store.compact()); });
      const Result<SegmentSet> set = SegmentSet::open(interrupted);
      ASSERT_THAT(set, Succeeds()) << n;
      has_happened = interrupted->has_happened();
      EXPECT_EQ(fold(*set), expected) << "call " << n;
    }
    EXPECT_GT(n, 8U) << "the scenario has become too small to mean anything";
  }

  std::shared_ptr<InterruptedDirectory> directory(std::uint64_t n = 0,
                                                  std::function<void()> interrupt = {}) {
    return std::make_shared<InterruptedDirectory>(must(filesystem_.open_directory(kStore)), n,
                                                  std::move(interrupt));
  }

  // What the frames of all files in `set` fold to.
  static Values fold(const SegmentSet& set) {
    Values values;
    for (const SegmentId id : set.ids()) {
      const std::shared_ptr<const File> file = must(set.file(id));
      Bytes bytes(must(file->size()));
      EXPECT_EQ(must(file->read_at(0, bytes)), bytes.size());
      ByteView rest = bytes;
      while (true) {
        const DecodeOutcome outcome = decode_frame(rest);
        const auto* frame = std::get_if<DecodedFrame>(&outcome);
        if (frame == nullptr) break;  // what is reserved behind the end
        const std::string key(as_text(frame->record.key));
        if (frame->record.type == RecordType::kPut) values[key] = as_text(frame->record.payload);
        if (frame->record.type == RecordType::kDelete) values.erase(key);
        rest = rest.subspan(frame->size);
      }
    }
    return values;
  }

  // So many segments of one record each.
  void make_segments(std::uint32_t count) {
    for (std::uint32_t id = 1; id <= count; ++id) {
      filesystem_.write_file(segment_path(id), put_frame(id, "key", std::to_string(id)));
    }
  }

  // As a compaction does it.
  void replace(std::uint32_t id, ByteView bytes) {
    const auto writing = must(writing_->open_directory(kStore));
    const std::string name = segment_name(SegmentId{id});
    const std::string staging = compacted_name(SegmentId{id});
    must(must(writing->open(staging, OpenMode::kCreateExclusive))->write_at(0, bytes));
    must(writing->rename(staging, name, Replace::kYes));
  }

  std::unique_ptr<SimulatedFilesystem> writing_;
};

TEST_F(SegmentSetTest, IsOfOneMomentWhateverCallACompactionComesBefore) {
  expect_one_moment([this] { return make_store(); });
}

// Then only the files tell that something has happened.
TEST_F(SegmentSetTest, IsOfOneMomentWhereSegmentsKeepTheirNames) {
  expect_one_moment([this] { return make_store_that_keeps_its_names(); });
}

// Also where the compaction has died half way, for a reader does not know that.
TEST_F(SegmentSetTest, IsOfOneMomentWhateverStepACompactionHasComeTo) {
  for (std::uint64_t step = 1; step < 60; step += 3) {
    for (std::uint64_t n = 1; n < 25; n += 2) {
      std::optional<DataWal> store(make_store());
      const Values expected = fold(must(SegmentSet::open(directory())));
      const auto interrupted = directory(n, [&] {
        filesystem_.inject({.first = filesystem_.call_count() + step, .code = ErrorCode::kIo});
        (void)store->compact();
        filesystem_.clear_faults();
      });
      const Result<SegmentSet> set = SegmentSet::open(interrupted);
      ASSERT_THAT(set, Succeeds());
      EXPECT_EQ(fold(*set), expected) << "call " << n << ", step " << step;
    }
  }
}

TEST_F(SegmentSetTest, KeepsWhatItHasOpenedWhenThatIsReplaced) {
  DataWal store = make_store();
  const SegmentSet set = must(SegmentSet::open(directory()));
  const Values expected = fold(set);
  must(store.put(as_bytes("later"), as_bytes("value")));
  must(store.compact());
  must(store.compact());
  const std::vector<SegmentId> now = must(SegmentSet::open(directory())).ids();
  EXPECT_NE(now, set.ids());
  Values found = fold(set);
  found.erase("later");  // the active segment's file was that already
  EXPECT_EQ(found, expected);
}

TEST_F(SegmentSetTest, ARotationBehindTheListingLiesBehindTheMoment) {
  DataWal store = make_store();
  const std::size_t count = must(SegmentSet::open(directory())).ids().size();
  std::size_t happened = 0;
  for (std::uint64_t n = 2; n <= count + 1; ++n) {
    const std::vector<SegmentId> before = must(SegmentSet::open(directory())).ids();
    const auto interrupted = directory(n, [&] {
      must(store.put(as_bytes("key"), as_bytes("value")));
      must(store.rotate());
    });
    EXPECT_EQ(must(SegmentSet::open(interrupted)).ids(), before) << "call " << n;
    happened += interrupted->has_happened() ? 1U : 0U;
  }
  EXPECT_EQ(happened, count);
}

TEST_F(SegmentSetTest, ChangesWithoutAnEndAreAGap) {
  make_segments(3);
  std::uint64_t changes = 0;
  const auto directory_that_changes = directory();
  directory_that_changes->before_every_call(
      [&] { replace(2, put_frame(2, "key", std::to_string(++changes))); });
  EXPECT_THAT(SegmentSet::open(directory_that_changes), FailsWith(ErrorCode::kGap));
}

class LargeSegmentSet : public SegmentSetTest {
 protected:
  static constexpr std::uint32_t kCount = SegmentSet::kOpenFilesMax + 3;
};

TEST_F(LargeSegmentSet, GivesFilesThatAreWhatTheyWere) {
  make_segments(kCount);
  const SegmentSet set = must(SegmentSet::open(directory()));
  EXPECT_EQ(set.ids().size(), kCount);
  EXPECT_EQ(fold(set), (Values{{"key", std::to_string(kCount)}}));
}

TEST_F(LargeSegmentSet, ASegmentThatWasReplacedIsAGap) {
  make_segments(kCount);
  const SegmentSet set = must(SegmentSet::open(directory()));
  replace(7, put_frame(7, "key", "7"));
  EXPECT_THAT(set.file(SegmentId{6}), Succeeds());
  const auto replaced = set.file(SegmentId{7});
  ASSERT_THAT(replaced, FailsWith(ErrorCode::kGap));
  EXPECT_EQ(replaced.error().segment, SegmentId{7});
  EXPECT_THAT(set.file(SegmentId{8}), Succeeds());
}

TEST_F(LargeSegmentSet, ACursorEndsInAGapRatherThanMixTwoStates) {
  make_segments(kCount);
  const RecordLogReader reader = must(RecordLogReader::open(kStore, options_));
  RecordCursor undisturbed = reader.scan();
  RecordCursor cursor = reader.scan();
  must(cursor.next());
  EXPECT_EQ(test::read_all(std::move(undisturbed)).records.size(), kCount);
  replace(200, put_frame(200, "key", "another"));
  const test::Scan rest = test::read_all(std::move(cursor));
  EXPECT_EQ(rest.records.size(), 198U);
  ASSERT_TRUE(rest.error);
  EXPECT_EQ(rest.error->code, ErrorCode::kGap);
}

TEST_F(LargeSegmentSet, ASegmentThatWasRemovedIsAGap) {
  make_segments(kCount);
  const SegmentSet set = must(SegmentSet::open(directory()));
  filesystem_.remove(segment_path(9));
  EXPECT_THAT(set.file(SegmentId{9}), FailsWith(ErrorCode::kGap));
}

TEST_F(LargeSegmentSet, TheLastSegmentMayGrowAndNoOther) {
  make_segments(kCount);
  const SegmentSet set = must(SegmentSet::open(directory()));
  extend_segment(kCount, put_frame(kCount + 1, "key", "later"));
  EXPECT_THAT(set.file(SegmentId{kCount}), Succeeds());
  extend_segment(5, put_frame(6, "key", "later"));
  EXPECT_THAT(set.file(SegmentId{5}), FailsWith(ErrorCode::kGap));
}

// Its time and size tell nothing, and its inode may be that of another file once it is free.
TEST_F(LargeSegmentSet, TheLastSegmentStaysTheFileThatItWas) {
  make_segments(kCount);
  const SegmentSet set = must(SegmentSet::open(directory()));
  replace(kCount, put_frame(kCount, "key", "another"));
  EXPECT_EQ(fold(set), (Values{{"key", std::to_string(kCount)}}));
  filesystem_.remove(segment_path(kCount));
  EXPECT_EQ(fold(set), (Values{{"key", std::to_string(kCount)}}));
}

TEST_F(SegmentSetTest, AnEmptyDirectoryHasNone) {
  must(filesystem_.create_directory(kStore));
  EXPECT_TRUE(must(SegmentSet::open(directory())).ids().empty());
}

}  // namespace
}  // namespace datawal::segment_set_test
