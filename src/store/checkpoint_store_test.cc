// A checkpoint of a key/value store is one.
#include "datawal/backup.h"
#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::checkpoint_store_test {
namespace {

using test::FailsWith;
using test::must;

class CheckpointStore : public test::SimulatedLog {
 protected:
  static void put(DataWal& store, std::string_view key, std::string_view value) {
    must(store.put(as_bytes(key), as_bytes(value)));
  }
};

TEST_F(CheckpointStore, HasTheKeysAndValuesOfItsMoment) {
  DataWal store = must(DataWal::open(kStore, options_));
  put(store, "kept", "1");
  put(store, "gone", "2");
  must(store.rotate());
  must(store.remove(as_bytes("gone")));
  EXPECT_EQ(must(store.checkpoint("copy")).records, 3U);
  put(store, "kept", "later");
  DataWal copy = must(DataWal::open("copy", options_));
  EXPECT_EQ(copy.size(), 1U);
  EXPECT_EQ(must(copy.get(as_bytes("kept")))->text(), "1");
  put(copy, "kept", "elsewhere");
  must(copy.rotate());
  EXPECT_EQ(must(store.get(as_bytes("kept")))->text(), "later");
}

// The index that the source has saved is not the copy's.
TEST_F(CheckpointStore, BuildsAnIndexOfItsOwn) {
  options_.checkpoint_log_size = 1;
  {
    DataWal store = must(DataWal::open(kStore, options_));
    put(store, "key", "value");
    must(store.close());
  }
  DataWal store = must(DataWal::open(kStore, options_));
  must(store.checkpoint("copy"));
  EXPECT_TRUE(filesystem_.exists("store/keydir.ckpt"));
  EXPECT_FALSE(filesystem_.exists("copy/keydir.ckpt"));
  EXPECT_EQ(must(must(DataWal::open("copy", options_)).get(as_bytes("key")))->text(), "value");
}

TEST_F(CheckpointStore, NeedsAStoreThatIsOpenForWriting) {
  {
    must(DataWal::open(kStore, options_));
  }
  DataWal store = must(DataWal::open_read_only(kStore, options_));
  EXPECT_THAT(store.checkpoint("copy"), FailsWith(ErrorCode::kReadOnly));
  EXPECT_FALSE(filesystem_.exists("copy"));
}

}  // namespace
}  // namespace datawal::checkpoint_store_test
