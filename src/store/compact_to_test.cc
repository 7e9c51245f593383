// The live keys of a store as a new one: the same bytes as the reference writes, whole or absent.
#include "base/base64.h"
#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::compact_to_test {
namespace {

using test::FailsWith;
using test::must;
using test::put_frame;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kTarget = "target";

class CompactTo : public test::SimulatedLog {
 protected:
  [[nodiscard]] DataWal open_store() { return must(DataWal::open(kStore, options_)); }

  static void put(DataWal& store, std::string_view key, std::string_view value) {
    must(store.put(as_bytes(key), as_bytes(value)));
  }
  [[nodiscard]] Bytes target_segment() const {
    return filesystem_.read_file("target/00000001.dwal").value();
  }
  [[nodiscard]] std::vector<std::string> names_at(const std::filesystem::path& path) const {
    const auto machine = filesystem_.clone();
    std::vector<std::string> names;
    for (const DirectoryEntry& entry : must(must(machine->open_directory(path))->list())) {
      names.push_back(entry.name);
    }
    std::ranges::sort(names);
    return names;
  }
};

TEST_F(CompactTo, WritesTheBytesOfTheReference) {
  DataWal store = open_store();
  for (const char* const value : {"final", "old", "final"}) put(store, "keep", value);
  put(store, "gone", "nope");
  must(store.remove(as_bytes("gone")));
  put(store, "other", "value");
  const CompactionStats stats = must(store.compact_to(kTarget));
  EXPECT_EQ(stats.live_keys, 2U);
  EXPECT_EQ(stats.records_written, 2U);
  EXPECT_EQ(stats.bytes_written, 75U);
  // The reference's fixture of this name.
  EXPECT_EQ(base64_encode(target_segment()),
            "RFdBTAEAAQABAAAAAAAAAAQAAAAFAAAAa2VlcGZpbmFsFLpIC0RXQUwBAAEAAgAAAAAAAAAFAAAABQAAAG90aG"
            "VydmFsdWVsgNa8");
}

TEST_F(CompactTo, KeysAreInAscendingOrderOfTheirBytesWithTxidsFromOne) {
  DataWal store = open_store();
  for (const std::string_view key : {"b", "\xff", "a", "ab", "", "\x7f", "\x80"}) {
    put(store, key, "v");
  }
  must(store.compact_to(kTarget));
  EXPECT_EQ(target_segment(),
            test::joined({put_frame(1, "", "v"), put_frame(2, "a", "v"), put_frame(3, "ab", "v"),
                          put_frame(4, "b", "v"), put_frame(5, "\x7f", "v"),
                          put_frame(6, "\x80", "v"), put_frame(7, "\xff", "v")}));
}

TEST_F(CompactTo, OpensAsAStoreWithTheSameKeys) {
  options_.segment_size_max = 200;
  DataWal store = open_store();
  for (int number = 0; number < 45; ++number) put(store, std::to_string(number), "value");
  for (int number = 0; number < 45; number += 3)
    must(store.remove(as_bytes(std::to_string(number))));
  must(store.append(as_bytes("raw records are no keys")));
  EXPECT_EQ(must(store.compact_to(kTarget)).live_keys, 30U);
  DataWal copy = must(DataWal::open(kTarget, options_));
  EXPECT_EQ(copy.size(), 30U);
  EXPECT_EQ(copy.log()->segments().size(), 1U);
  EXPECT_EQ(copy.log()->last_txid(), 30U);
  EXPECT_FALSE(must(copy.get(as_bytes("0"))));
  EXPECT_EQ(must(copy.get(as_bytes("1")))->text(), "value");
  EXPECT_EQ(must(copy.put(as_bytes("more"), {})), 31U);
}

TEST_F(CompactTo, OfNothingIsAnEmptyStore) {
  const DataWal store = open_store();
  EXPECT_EQ(must(store.compact_to(kTarget)).bytes_written, 0U);
  EXPECT_THAT(target_segment(), IsEmpty());
  EXPECT_TRUE(must(DataWal::open(kTarget, options_)).empty());
}

TEST_F(CompactTo, ChangesNothingInItsSource) {
  DataWal store = open_store();
  put(store, "key", "value");
  const Bytes before = segment(1);
  const std::vector<std::string> names_before = names();
  must(store.compact_to(kTarget));
  EXPECT_EQ(segment(1), before);
  EXPECT_EQ(names(), names_before);
  EXPECT_EQ(must(store.put(as_bytes("key"), {})), 2U);
}

TEST_F(CompactTo, TakesAnEmptyDirectoryAndMakesMissingOnes) {
  DataWal store = open_store();
  put(store, "key", "value");
  filesystem_.plant_directory(kTarget);
  must(store.compact_to(kTarget));
  must(store.compact_to("made/on the way/target"));
  EXPECT_EQ(filesystem_.read_file("made/on the way/target/00000001.dwal"), target_segment());
}

TEST_F(CompactTo, RefusesWhatIsThere) {
  DataWal store = open_store();
  put(store, "key", "value");
  filesystem_.write_file("target/something", as_bytes("of somebody"));
  EXPECT_THAT(store.compact_to(kTarget), FailsWith(ErrorCode::kNotEmpty));
  EXPECT_THAT(names_at(kTarget), ElementsAre("something"));
  filesystem_.write_file("file", {});
  EXPECT_THAT(store.compact_to("file"), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_THAT(store.compact_to(kStore), FailsWith(ErrorCode::kNotEmpty));
  EXPECT_THAT(store.compact_to(""), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(CompactTo, IsDurableWhenItReturns) {
  {
    DataWal store = open_store();
    put(store, "key", "value");
    must(store.compact_to("new/target"));
    filesystem_.crash(PowerCut::kDropPending);
  }
  const DataWal copy = must(DataWal::open("new/target", options_));
  EXPECT_EQ(must(copy.get(as_bytes("key")))->text(), "value");
}

TEST_F(CompactTo, FailedAtAnyCallTheTargetIsWholeOrAbsent) {
  for (std::uint64_t failing = 1;; ++failing) {
    SimulatedFilesystem filesystem;
    Options options{.filesystem = &filesystem};
    DataWal store = must(DataWal::open(kStore, options));
    put(store, "key", "value");
    put(store, "other", std::string(2000, 'x'));
    filesystem.reset_counts();
    filesystem.inject({.first = failing});
    const Result<CompactionStats> compacted = store.compact_to(kTarget);
    const bool was_hit = filesystem.call_count() >= failing;
    filesystem.clear_faults();
    EXPECT_TRUE(compacted || was_hit);
    EXPECT_TRUE(filesystem.exists(kTarget) || !compacted);
    if (filesystem.exists(kTarget)) {
      EXPECT_EQ(must(DataWal::open_read_only(kTarget, options)).size(), 2U) << "call " << failing;
    }
    EXPECT_FALSE(store.is_poisoned());
    if (!was_hit) break;
    ASSERT_LT(failing, 200U);
  }
}

TEST_F(CompactTo, WorksOnAStoreThatIsOnlyLookedAt) {
  {
    DataWal store = open_store();
    put(store, "key", "value");
  }
  const DataWal looked_at = must(DataWal::open_read_only(kStore, options_));
  EXPECT_EQ(must(looked_at.compact_to(kTarget)).live_keys, 1U);
}

}  // namespace
}  // namespace datawal::compact_to_test
