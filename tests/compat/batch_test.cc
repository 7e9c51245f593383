// Batches, which the crate knows nothing of: it reads a closed store with them, and sees the same
// keys and values, and a Raw record more for each.

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "library.h"
#include "parameters.h"
#include "scratch.h"

namespace datawal::compat::batch_test {
namespace {

class BatchTest : public testing::TestWithParam<Implementation> {
 protected:
  static void put(WriteBatch& batch, const std::string& key, const std::string& value) {
    must(batch.put(as_bytes(key), as_bytes(value)));
  }
  // Two batches between single records.
  void write_store() {
    DataWal store = must(DataWal::open(directory_));
    must(store.put(as_bytes("gone"), as_bytes("1")));
    WriteBatch batch;
    for (int index = 0; index < 100; ++index) {
      put(batch, "key " + std::to_string(index % 60), "value " + std::to_string(index));
    }
    must(store.write(batch));
    batch.clear();
    must(batch.remove(as_bytes("gone")));
    must(batch.append(as_bytes("raw")));
    put(batch, "key 7", "newer");
    must(store.write(batch));
    must(store.append(as_bytes("behind")));
    must(store.close());
  }
  [[nodiscard]] std::vector<std::string> state(const Implementation& implementation) {
    DriverProcess driver(implementation);
    driver.must("open kv " + directory_.string());
    return driver.must_list("state");
  }
  [[nodiscard]] std::vector<std::string> our_records() const {
    return dump(must(RecordLogReader::open(directory_)).scan());
  }

  Scratch scratch_;
  std::filesystem::path directory_ = scratch_.fresh("store");
};

TEST_P(BatchTest, TheCrateSeesTheSameKeysAndValues) {
  write_store();
  const std::vector<std::string> expected = state(kDatawal);
  EXPECT_EQ(expected.size(), 60U);
  EXPECT_EQ(state(GetParam()), expected);
}

TEST_P(BatchTest, TheCrateSeesARawRecordMoreForEach) {
  write_store();
  std::vector<std::string> records;
  {
    DriverProcess crate(GetParam());
    crate.must("open log " + directory_.string());
    records = crate.must_list("dump");
  }
  ASSERT_EQ(records.size(), 1 + 101 + 4 + 1U);
  records.erase(records.begin() + 102);
  records.erase(records.begin() + 1);
  EXPECT_EQ(records, our_records());
}

TEST_P(BatchTest, TheCrateGoesOnBehindThem) {
  write_store();
  {
    DriverProcess crate(GetParam());
    crate.must("open kv " + directory_.string());
    crate.must("put 6b 76");
    crate.must("close");
  }
  const DataWal store = must(DataWal::open(directory_));
  EXPECT_EQ(store.size(), 61U);
  EXPECT_EQ(must(store.get(as_bytes("k")))->text(), "v");
  EXPECT_EQ(must(store.get(as_bytes("key 7")))->text(), "newer");
  EXPECT_EQ(store.recovery_report().txid_gaps, 0U);
}

// The one moment at which it sees a part of a batch: after a crash, before this library has opened
// the store.
TEST_P(BatchTest, TheCrateSeesNothingOfOneThatRecoveryHasCut) {
  {
    DataWal store = must(DataWal::open(directory_, {.reserve_space = false}));
    WriteBatch batch;
    put(batch, "a", "1");
    put(batch, "b", "2");
    must(store.write(batch));
    must(store.close());
  }
  Bytes segment = read_segment(directory_);
  segment.pop_back();
  write_file(directory_ / segment_file(1), segment);
  std::filesystem::remove(directory_ / "watermark");  // which knows that they were durable
  EXPECT_EQ(state(GetParam()).size(), 1U);
  EXPECT_EQ(state(kDatawal).size(), 0U);
  EXPECT_EQ(state(GetParam()).size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Crates, BatchTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::batch_test
