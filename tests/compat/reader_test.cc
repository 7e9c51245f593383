// The readers of each implementation beside a live writer of the other.

#include <chrono>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "library.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"
#include "workload.h"

namespace datawal::compat::reader_test {
namespace {

class ReaderTest : public testing::TestWithParam<Implementation> {
 protected:
  Scratch scratch_;
  std::filesystem::path directory_ = scratch_.fresh("store");
  Model model_;
};

TEST_P(ReaderTest, DatawalFollowsALiveCrate) {
  constexpr std::uint64_t kSeed = 5;
  Workload workload(kSeed);
  DriverProcess crate(GetParam());
  crate.must("open log " + directory_.string());
  const RecordLogReader reader = must(RecordLogReader::open(directory_));
  Follower follower = must(reader.follow());
  for (int index = 0; index < 200; ++index) {
    SCOPED_TRACE("seed 5, record " + std::to_string(index));
    if (index % 40 == 39) {
      crate.must("rotate");
      model_.rotate();
    }
    crate.must(workload.append_command(Kind::kLog, model_));
    const std::optional<ScannedRecord> record = must(follower.next(std::chrono::seconds(20)));
    ASSERT_TRUE(record);
    ASSERT_EQ(show(*record), model_.dump().back());
  }
}

TEST_P(ReaderTest, DatawalReadsALiveCrate) {
  Workload workload(6);
  DriverProcess crate(GetParam());
  crate.must("open kv " + directory_.string());
  for (int index = 0; index < 100; ++index) {
    crate.must(workload.append_command(Kind::kStore, model_));
  }
  DriverProcess reader(kDatawal);
  reader.must("open ro " + directory_.string());
  EXPECT_EQ(reader.must_list("state"), model_.state());
  EXPECT_EQ(reader.must_list("dump"), model_.dump());
  reader.must("open reader " + directory_.string());
  EXPECT_EQ(reader.must_list("dump"), model_.dump());
  EXPECT_EQ(reader.must("report"), model_.report());
}

TEST_P(ReaderTest, TheCrateReadsALiveDatawal) {
  Workload workload(7);
  DriverProcess datawal(kDatawal);
  datawal.must("open log " + directory_.string());
  for (int index = 0; index < 100; ++index) {
    if (index % 30 == 29) {
      datawal.must("rotate");
      model_.rotate();
    }
    datawal.must(workload.append_command(Kind::kLog, model_));
  }
  DriverProcess crate(GetParam());
  crate.must("open reader " + directory_.string());
  EXPECT_EQ(crate.must_list("dump"), model_.dump());
  EXPECT_EQ(crate.must("report"), model_.report());
}

// Both tell the same of a tail that is not whole, and change nothing.
TEST_P(ReaderTest, BothReportATornTailAlike) {
  DriverProcess crate(GetParam());
  crate.must("open log " + directory_.string());
  for (const char* payload : {"aa", "bbbb", "cccccc"}) {
    crate.must("append " + std::string(payload));
  }
  crate.must("close");
  const Bytes whole = read_segment(directory_);
  DriverProcess datawal(kDatawal);
  for (std::size_t size = whole.size(); size > 59; --size) {
    SCOPED_TRACE("cut to " + std::to_string(size));
    write_file(directory_ / segment_file(1), ByteView(whole).first(size));
    crate.must("open reader " + directory_.string());
    datawal.must("open reader " + directory_.string());
    EXPECT_EQ(datawal.must("report"), crate.must("report"));
    EXPECT_EQ(datawal.must_list("dump"), crate.must_list("dump"));
    EXPECT_EQ(read_segment(directory_).size(), size);
  }
}

INSTANTIATE_TEST_SUITE_P(Crates, ReaderTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::reader_test
