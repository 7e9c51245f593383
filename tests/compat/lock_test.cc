// The writer's lock excludes across implementations, in both directions, and dies with its holder.
// Readers do not care.

#include <string>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "library.h"
#include "parameters.h"
#include "scratch.h"

namespace datawal::compat::lock_test {
namespace {

class LockTest : public testing::TestWithParam<Implementation> {
 protected:
  void expect_refuses_datawal() {
    const Result<RecordLog> log = RecordLog::open(directory_);
    EXPECT_EQ(log ? "opened" : error_code_name(log.error().code), "Locked");
    const Result<DataWal> store = DataWal::open(directory_);
    EXPECT_EQ(store ? "opened" : error_code_name(store.error().code), "Locked");
  }
  void expect_refuses_crate(DriverProcess& crate) {
    for (const char* command : {"open log ", "open kv ", "lock "}) {
      const std::string reply = crate.ask(command + directory_.string());
      EXPECT_TRUE(reply.starts_with("err ")) << reply;
      EXPECT_NE(reply.find("already locked"), std::string::npos) << reply;
    }
  }

  Scratch scratch_;
  std::filesystem::path directory_ = scratch_.fresh("store");
};

TEST_P(LockTest, AnOpenCrateExcludesDatawal) {
  DriverProcess crate(GetParam());
  crate.must("open log " + directory_.string());
  expect_refuses_datawal();
  crate.must("close");
  EXPECT_TRUE(RecordLog::open(directory_));
}

TEST_P(LockTest, TheCratesBareLockExcludesDatawal) {
  DriverProcess crate(GetParam());
  crate.must("lock " + directory_.string());
  expect_refuses_datawal();
  crate.must("unlock");
  EXPECT_TRUE(DataWal::open(directory_));
}

TEST_P(LockTest, AnOpenDatawalExcludesTheCrate) {
  DriverProcess crate(GetParam());
  {
    const RecordLog log = must(RecordLog::open(directory_));
    expect_refuses_crate(crate);
  }
  {
    DataWal store = must(DataWal::open(directory_));
    expect_refuses_crate(crate);
    must(store.close());
    EXPECT_EQ(crate.ask("open kv " + directory_.string()), "ok");
  }
}

TEST_P(LockTest, SigkillReleasesTheCratesLock) {
  DriverProcess crate(GetParam());
  crate.must("open kv " + directory_.string());
  crate.must("put 61 62");
  expect_refuses_datawal();
  crate.kill();
  const DataWal store = must(DataWal::open(directory_));
  EXPECT_EQ(store.size(), 1U);
}

TEST_P(LockTest, SigkillReleasesTheLockOfDatawal) {
  DriverProcess datawal(kDatawal);
  datawal.must("open kv " + directory_.string());
  datawal.must("put 61 62");
  DriverProcess crate(GetParam());
  expect_refuses_crate(crate);
  datawal.kill();
  crate.must("open kv " + directory_.string());
  EXPECT_EQ(crate.must("len"), "1");
}

TEST_P(LockTest, ARefusedOpenLeavesTheHolderUndisturbed) {
  DriverProcess crate(GetParam());
  crate.must("open log " + directory_.string());
  const Bytes holder = read_file(directory_ / ".lock");
  EXPECT_FALSE(holder.empty());
  expect_refuses_datawal();
  EXPECT_EQ(as_text(read_file(directory_ / ".lock")), as_text(holder));
  EXPECT_EQ(crate.ask("append 61"), "ok 1 0 29");
}

TEST_P(LockTest, ReadersNeedNoLock) {
  DriverProcess crate(GetParam());
  crate.must("open kv " + directory_.string());
  crate.must("put 61 62");
  EXPECT_EQ(must(DataWal::open_read_only(directory_)).size(), 1U);
  EXPECT_EQ(dump(must(RecordLogReader::open(directory_)).scan()).size(), 1U);
  crate.must("close");
  DataWal store = must(DataWal::open(directory_));
  (void)must(store.put(as_bytes("c"), as_bytes("d")));
  crate.must("open reader " + directory_.string());
  EXPECT_EQ(crate.must_list("dump").size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Crates, LockTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::lock_test
