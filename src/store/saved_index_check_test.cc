// Saved indexes that say something else than the log, and verify, which finds out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"
#include "store/forged_index_test_support.h"

namespace datawal::saved_index_check_test {
namespace {

using test::ForgedIndex;
using test::must;
using testing::HasSubstr;

using Values = std::map<std::string, std::string>;

class SavedIndexCheck : public test::SimulatedLog {
 protected:
  SavedIndexCheck() {
    options_.checkpoint_log_size = 0;
    options_.segment_size_max = 2'000;
  }

  DataWal open() { return must(DataWal::open(kStore, options_)); }
  static std::string key_of(int number) { return "key " + std::to_string(number); }

  // Keys 0 to 39, each written twice; of them 30 to 39 are removed. "other" once.
  void fill() {
    DataWal store = open();
    must(store.append(as_bytes("raw")));
    for (int number = 0; number < 80; ++number) {
      must(store.put(as_bytes(key_of(number % 40)), as_bytes(std::to_string(number))));
    }
    for (int number = 30; number < 40; ++number) must(store.remove(as_bytes(key_of(number))));
    must(store.put(as_bytes("other"), as_bytes("value")));
    note_places(store);
    must(store.close());
  }
  void note_places(const DataWal& store) {
    for (const test::OwnedRecord& record : test::read_all(store.scan()).records) {
      places_[std::string(record.key)].push_back(record.ref.position());
    }
  }
  // Where the record is that was the key's first, second, ...
  [[nodiscard]] Position place(const std::string& key, std::size_t version) const {
    return places_.at(key).at(version);
  }

  void forge(const std::function<void(ForgedIndex&)>& change) {
    test::forge_index(*must(filesystem_.open_directory(kStore)), change);
  }
  static Values values_of(const DataWal& store) {
    Values values;
    must(store.for_each([&](const Item& item) {
      values.emplace(as_text(item.key), as_text(item.value));
      return true;
    }));
    return values;
  }

  VerifyReport verified() { return must(verify(kStore, options_)); }
  [[nodiscard]] std::filesystem::path checkpoint() const {
    return std::filesystem::path(kStore) / kCheckpointName;
  }
  void expect_state(SidecarState state, std::string_view reason = "") {
    const VerifyReport report = verified();
    ASSERT_EQ(report.sidecars.size(), 1U);
    EXPECT_EQ(report.sidecars[0].name, kCheckpointName);
    EXPECT_EQ(report.sidecars[0].state, state)
        << report.sidecars[0].error.value_or(Error{}).to_string();
    EXPECT_EQ(report.is_sound(), state != SidecarState::kDisagrees);
    if (report.sidecars[0].error) {
      EXPECT_THAT(report.sidecars[0].error->to_string(), HasSubstr(reason));
    }
  }
  // Expects so many disagreements, of which the first is this, and that there is none without the
  // file.
  void expect_lie(std::uint64_t count, std::string_view what, std::optional<Position> place) {
    const std::uint64_t mutations = filesystem_.mutation_count();
    const VerifyReport report = verified();
    EXPECT_EQ(filesystem_.mutation_count(), mutations) << "looking has changed something";
    ASSERT_EQ(report.sidecars.size(), 1U);
    const SidecarReport& found = report.sidecars[0];
    ASSERT_EQ(found.state, SidecarState::kDisagrees);
    EXPECT_FALSE(report.is_sound());
    EXPECT_EQ(report.damage_count, 0U);
    EXPECT_EQ(found.disagreements, count);
    EXPECT_EQ(found.error->code, ErrorCode::kCorruption);
    EXPECT_THAT(found.error->message, HasSubstr(what));
    EXPECT_THAT(found.error->message, HasSubstr("remove that file: nothing else is lost"));
    EXPECT_EQ(found.error->path, checkpoint());
    EXPECT_EQ(found.error->segment, place ? std::optional(place->segment) : std::nullopt);
    EXPECT_EQ(found.error->offset, place ? std::optional(place->offset) : std::nullopt);
    filesystem_.remove(checkpoint());
    EXPECT_TRUE(verified().is_sound());
    EXPECT_TRUE(verified().sidecars.empty());
    EXPECT_EQ(values_of(open()).size(), 31U);
  }

  std::map<std::string, std::vector<Position>> places_;
};

TEST_F(SavedIndexCheck, AnHonestOneAgrees) {
  fill();
  ASSERT_GE(names().size(), 4U);
  expect_state(SidecarState::kAgrees);
}

TEST_F(SavedIndexCheck, AKeyThatIsLeftOutIsFound) {
  fill();
  forge([](ForgedIndex& index) { (void)index.leave_out("key 7"); });
  {
    const DataWal store = open();
    EXPECT_FALSE(must(store.get(as_bytes("key 7")))) << "the lie is believed";
  }
  // The store has been closed without having been written to: nothing is saved.
  expect_lie(1, "leaves out the record here", place("key 7", 1));
}

TEST_F(SavedIndexCheck, SeveralLiesAreCounted) {
  fill();
  forge([](ForgedIndex& index) {
    for (const char* const key : {"key 9", "key 3", "other"}) (void)index.leave_out(key);
  });
  expect_lie(3, "leaves out the record here", place("key 3", 1));
}

TEST_F(SavedIndexCheck, AnOlderRecordOfTheKeyIsFound) {
  fill();
  forge([this](ForgedIndex& index) {
    (void)index.leave_out("key 7");
    index.lead("key 7", index.address(place("key 7", 0)));
  });
  EXPECT_EQ(must(open().get(as_bytes("key 7")))->text(), "7") << "the lie is believed";
  expect_lie(2, "leads to the record here, which has been replaced or removed", place("key 7", 0));
}

TEST_F(SavedIndexCheck, AnotherKeysRecordIsFound) {
  fill();
  forge([this](ForgedIndex& index) {
    (void)index.leave_out("key 7");
    index.lead("key 7", index.address(place("other", 0)));
  });
  expect_lie(2, "leaves out the record here", place("key 7", 1));
}

TEST_F(SavedIndexCheck, ARemovedKeyThatLivesAgainIsFound) {
  fill();
  forge([this](ForgedIndex& index) { index.lead("key 33", index.address(place("key 33", 1))); });
  EXPECT_TRUE(must(open().get(as_bytes("key 33")))) << "the lie is believed";
  expect_lie(1, "leads to the record here, which has been replaced or removed", place("key 33", 1));
}

TEST_F(SavedIndexCheck, AnEntryThatLeadsToNoPutIsFound) {
  fill();
  for (const std::uint64_t ahead : {0U, 3U}) {
    forge([&](ForgedIndex& index) {
      const LogAddress tombstone = index.address(place("key 33", 2));
      index.lead("new", LogAddress{static_cast<std::uint64_t>(tombstone) + ahead});
    });
  }
  Position there = place("key 33", 2);
  const VerifyReport report = verified();
  ASSERT_EQ(report.sidecars.at(0).state, SidecarState::kDisagrees);
  EXPECT_EQ(report.sidecars[0].error->segment, there.segment);
  EXPECT_THAT(*report.sidecars[0].error->offset, testing::AnyOf(there.offset, there.offset + 3));
  there.offset = *report.sidecars[0].error->offset;
  expect_lie(2, "leads here, where no record of its key is", there);
}

TEST_F(SavedIndexCheck, AnEntryThatIsThereTwiceIsFound) {
  fill();
  forge([this](ForgedIndex& index) { index.lead("other", index.address(place("other", 0))); });
  expect_lie(1, "has several entries for one record", std::nullopt);
}

TEST_F(SavedIndexCheck, EveryWrongFactOfASegmentIsFound) {
  fill();
  const std::vector<std::function<void(LoadedIndex&)>> lies = {
      [](LoadedIndex& image) { ++image.segments[0].raw_records; },
      [](LoadedIndex& image) { image.segments[0].horizon = 3; },
      [](LoadedIndex& image) { image.segments.back().tombstone_bytes = 0; },
      [](LoadedIndex& image) { image.segments[0].first_crc ^= 1; },
      [](LoadedIndex& image) { --image.segments[0].highest_txid; },
      [](LoadedIndex& image) { image.segments[0].first_gap_offset = 1; },
  };
  const Bytes good = *filesystem_.read_file(checkpoint());
  for (std::size_t lie = 0; lie < lies.size(); ++lie) {
    filesystem_.write_file(checkpoint(), good);
    forge([&](ForgedIndex& index) { lies[lie](index.image); });
    const VerifyReport report = verified();
    EXPECT_EQ(report.sidecars.at(0).state, SidecarState::kDisagrees) << lie;
    EXPECT_EQ(report.sidecars[0].disagreements, 1U) << lie;
  }
  filesystem_.write_file(checkpoint(), good);
  forge([&](ForgedIndex& index) { lies[1](index.image); });
  expect_lie(1, "of the records of this segment", Position{SegmentId{1}, 0});
}

TEST_F(SavedIndexCheck, AWrongFactOfTheLogIsFound) {
  fill();
  Position end;
  forge([&](ForgedIndex& index) {
    end = index.image.coverage.end;
    ++index.image.coverage.last_frame_txid;
  });
  expect_lie(1, "of the log up to here", end);
}

// A compaction would drop Deletes that are needed: it goes by whether a segment has dead records.
TEST_F(SavedIndexCheck, WrongDeadBytesAreFound) {
  fill();
  const Bytes good = *filesystem_.read_file(checkpoint());
  forge([](ForgedIndex& index) { ++index.units.at(0)->dead_bytes; });
  expect_state(SidecarState::kDisagrees);
  filesystem_.write_file(checkpoint(), good);
  forge([](ForgedIndex& index) { --index.units.at(0)->dead_bytes; });
  expect_state(SidecarState::kAgrees);  // as where a record could not be read when it died
  forge([](ForgedIndex& index) { index.units.at(0)->dead_bytes = 0; });
  expect_lie(1, "other parts of this segment are needed", Position{SegmentId{1}, 0});
}

TEST_F(SavedIndexCheck, ARecordOfWhichTheEndIsNotKnownIsFound) {
  fill();
  forge([this](ForgedIndex& index) {
    for (auto& unit : index.units) {
      if (unit->segment == place("other", 0).segment) --unit->end;
    }
  });
  expect_lie(1, "knows of fewer bytes", place("other", 0));
}

TEST_F(SavedIndexCheck, OneThatOpeningPassesOverIsNoFailure) {
  fill();
  const Bytes good = *filesystem_.read_file(checkpoint());
  damage(checkpoint(), 30);
  expect_state(SidecarState::kUnused, "damaged in its header");
  filesystem_.write_file(checkpoint(), ByteView(good).first(good.size() - 1));
  expect_state(SidecarState::kUnused, "truncated");
  filesystem_.write_file(checkpoint(), good);
  damage(checkpoint(), kIndexImageHeaderSize + 5'000);
  expect_state(SidecarState::kUnused, "in its tables");
  filesystem_.write_file(checkpoint(), Bytes(std::size_t{8} << 20));
  expect_state(SidecarState::kUnused, "larger than");
}

TEST_F(SavedIndexCheck, OneOfAnotherStoreIsNoFailure) {
  fill();
  const Bytes other = *filesystem_.read_file(checkpoint());
  for (const std::string& name : names()) {
    if (name != ".lock") filesystem_.remove(std::filesystem::path(kStore) / name);
  }
  {
    DataWal store = open();
    for (int number = 0; number < 400; ++number) must(store.put(as_bytes("key"), as_bytes("v")));
    must(store.close());
  }
  filesystem_.write_file(checkpoint(), other);
  expect_state(SidecarState::kUnused, "other segments");
}

TEST_F(SavedIndexCheck, BehindDamageThereIsNoTelling) {
  fill();
  damage_segment(1, 100);
  const VerifyReport report = verified();
  EXPECT_EQ(report.damage_count, 1U);
  ASSERT_EQ(report.sidecars.size(), 1U);
  EXPECT_EQ(report.sidecars[0].state, SidecarState::kUnchecked);
}

TEST_F(SavedIndexCheck, TheLogAloneCanBeVerified) {
  fill();
  forge([](ForgedIndex& index) { (void)index.leave_out("key 7"); });
  const VerifyReport report = must(verify(kStore, options_, VerifyScope::kLog));
  EXPECT_TRUE(report.is_sound());
  EXPECT_TRUE(report.sidecars.empty());
}

TEST_F(SavedIndexCheck, FailingReadsAreFailures) {
  fill();
  std::uint64_t failures = 0;
  for (std::uint64_t first = 1;; ++first) {
    const std::uint64_t reads = filesystem_.count(SimulatedCall::kRead);
    filesystem_.inject({.first = first, .call = SimulatedCall::kRead});
    const auto report = verify(kStore, options_);
    const bool is_done = filesystem_.count(SimulatedCall::kRead) - reads < first;
    filesystem_.clear_faults();
    if (!report) {
      ++failures;
      EXPECT_EQ(report.error().code, ErrorCode::kIo);
      continue;
    }
    EXPECT_TRUE(report->is_sound()) << "read " << first;
    if (is_done) break;
  }
  EXPECT_GT(failures, 10U);
}

// Whatever is in it, it is as of the place up to which it was saved.
TEST_F(SavedIndexCheck, WhatIsBehindItIsNoneOfItsBusiness) {
  fill();
  const Bytes saved = *filesystem_.read_file(checkpoint());
  DataWal store = open();
  for (int number = 0; number < 40; ++number) {
    must(store.put(as_bytes(key_of(number)), as_bytes("newer")));
    must(store.remove(as_bytes("other")));
  }
  must(store.sync());
  filesystem_.write_file(checkpoint(), saved);
  expect_state(SidecarState::kAgrees);
}

// Any history makes an honest index: of several segments, with batches that write a key twice, with
// compactions, and with stores that were killed.
class SavedIndexOfAnyHistory : public SavedIndexCheck,
                               public testing::WithParamInterface<unsigned> {
 protected:
  void step(std::optional<DataWal>& store) {
    const std::string key = key_of(below(50));
    const std::string value(static_cast<std::size_t>(below(90)), 'v');
    switch (below(12)) {
      case 0:
        return write_batch(*store);
      case 1:
      case 2:
        return static_cast<void>(must(store->remove(as_bytes(key))));
      case 3:
        return static_cast<void>(must(store->append(as_bytes(value))));
      default:
        static_cast<void>(must(store->put(as_bytes(key), as_bytes(value))));
    }
  }
  void write_batch(DataWal& store) {
    WriteBatch batch;
    for (int count = below(9); count >= 0; --count) {
      const std::string key = key_of(below(6));
      must(below(3) == 0 ? batch.remove(as_bytes(key)) : batch.put(as_bytes(key), as_bytes("b")));
    }
    (void)must(store.write(batch));
  }
  int below(int end) { return std::uniform_int_distribution(0, end - 1)(random_); }

  void expect_honest() {
    const auto other = filesystem_.new_process();
    Options options = options_;
    options.filesystem = other.get();
    const VerifyReport report = must(verify(kStore, options));
    for (const SidecarReport& sidecar : report.sidecars) {
      ASSERT_NE(sidecar.state, SidecarState::kDisagrees) << sidecar.error->to_string();
      if (sidecar.state == SidecarState::kAgrees) ++agreed_count_;
    }
    ASSERT_TRUE(report.is_sound());
  }

  std::mt19937 random_{GetParam()};
  int agreed_count_ = 0;
};

TEST_P(SavedIndexOfAnyHistory, Agrees) {
  options_.map_files = GetParam() % 2 == 0;
  options_.segment_size_max = GetParam() % 3 == 0 ? 700 : 5'000;
  for (int round = 0; round < 12; ++round) {
    std::optional<DataWal> store = open();
    for (int count = below(300); count >= 0; --count) step(store);
    if (below(3) == 0) must(store->compact({.garbage_ratio_min = below(2) * 0.5}));
    ASSERT_NO_FATAL_FAILURE(expect_honest());
    for (int count = below(60); count >= 0; --count) step(store);
    if (below(4) == 0) {
      must(store->sync());
      filesystem_.kill_process();
    } else {
      must(store->close());
    }
    store.reset();
    ASSERT_NO_FATAL_FAILURE(expect_honest());
  }
  EXPECT_GT(agreed_count_, 8);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SavedIndexOfAnyHistory, testing::Range(1U, 13U));

// Of an index of many tables, each is looked at when it is needed.
TEST_F(SavedIndexCheck, TablesThatOpeningDoesNotLookAtAreLookedAt) {
  options_.segment_size_max = std::uint64_t{1} << 20;
  {
    DataWal store = open();
    for (int number = 0; number < 60'000; ++number) {
      must(store.put(as_bytes(key_of(number)), as_bytes("value")));
    }
    must(store.close());
  }
  expect_state(SidecarState::kAgrees);
  Bytes image = *filesystem_.read_file(checkpoint());
  constexpr std::size_t kKeyCountOffset = 24;
  store_le(image.data() + kKeyCountOffset, std::uint64_t{60'001});
  test::correct_checksums(image);
  filesystem_.write_file(checkpoint(), image);
  {
    const DataWal store = open();
    EXPECT_EQ(store.size(), 60'001U) << "the lie is believed";
  }
  expect_state(SidecarState::kDisagrees, "contradicts itself, in its tables");
  store_le(image.data() + kKeyCountOffset, std::uint64_t{60'000});
  test::correct_checksums(image);
  image[kIndexImageHeaderSize + 3 * kIndexImageTableSize] ^= std::byte{1};
  filesystem_.write_file(checkpoint(), image);
  expect_state(SidecarState::kDisagrees, "in its tables");
  filesystem_.remove(checkpoint());
  EXPECT_TRUE(verified().is_sound());
}

// Beside threads that write, compact and save all the time: whatever verify meets is no lie.
TEST(SavedIndexBesideAWriter, IsNeverTakenForALie) {
  const test::ScratchDirectory scratch;
  const std::filesystem::path path = scratch / "store";
  std::optional<DataWal> store = must(
      DataWal::open(path, {.segment_size_max = std::size_t{64} << 10, .checkpoint_log_size = 0}));
  must(store->put(as_bytes("first"), as_bytes("value")));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int number = 0; number < 40'000; ++number) {
      const std::string key = "key " + std::to_string(number * 7919 % 700);
      if (!store->put(as_bytes(key), as_bytes(std::to_string(number)))) std::abort();
      if (number % 5 == 0 && !store->remove(as_bytes(key))) std::abort();
    }
    done = true;
  });
  std::thread compacting([&] {
    do {
      if (!store->compact()) std::abort();
    } while (!done);
  });
  do {
    const auto report = verify(path);
    EXPECT_TRUE(report) << report.error().to_string();
    if (!report) continue;
    // The last record may be one that the writer has not finished yet.
    for (const SidecarReport& sidecar : report->sidecars) {
      EXPECT_NE(sidecar.state, SidecarState::kDisagrees) << sidecar.error->to_string();
    }
  } while (!done);
  writer.join();
  compacting.join();
  must(store->close());
  const VerifyReport report = must(verify(path));
  ASSERT_EQ(report.sidecars.size(), 1U);
  EXPECT_EQ(report.sidecars[0].state, SidecarState::kAgrees);
}

}  // namespace
}  // namespace datawal::saved_index_check_test
