// The path of a store, as every function that takes one sees it.
#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "file/simulated_filesystem.h"

namespace datawal::store_path_test {
namespace {

template <typename T>
void expect_refused(const Result<T>& result, std::string_view what) {
  ASSERT_FALSE(result.has_value()) << what;
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument) << what;
}

TEST(StorePath, AnEmptyOneIsRefusedByEverything) {
  SimulatedFilesystem filesystem;
  const Options options{.filesystem = &filesystem};
  expect_refused(RecordLog::open("", options), "RecordLog::open");
  expect_refused(RecordLogReader::open("", options), "RecordLogReader::open");
  expect_refused(DataWal::open("", options), "DataWal::open");
  expect_refused(DataWal::open_read_only("", options), "DataWal::open_read_only");
  expect_refused(verify("", options), "verify");
  expect_refused(repair("", Apply::kYes, options), "repair");
  expect_refused(salvage("", "target", options), "salvage");
}

TEST(StorePath, TheCurrentDirectoryIsADot) {
  SimulatedFilesystem filesystem;
  const Options options{.filesystem = &filesystem};
  EXPECT_TRUE(RecordLog::open(".", options).has_value());
  EXPECT_TRUE(RecordLogReader::open(".", options).has_value());
}

}  // namespace
}  // namespace datawal::store_path_test
