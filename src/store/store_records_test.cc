#include "store/store_records.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "datawal/record_log.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"
#include "log/log_view.h"

namespace datawal::store_records_test {
namespace {

using test::must;

// On real files, because those of the simulation are not mapped.
class StoreRecordsTest : public testing::Test {
 protected:
  StoreRecordsTest() {
    RecordLog log = must(RecordLog::open(directory_.path()));
    first_ = must(log.append(as_bytes("one"))).ref;
    must(log.rotate());
    must(log.append(as_bytes("two")));
    must(log.close());
  }

  [[nodiscard]] std::shared_ptr<const Directory> open() const {
    return must(open_store(directory_.path(), {}));
  }

  test::ScratchDirectory directory_;
  RecordRef first_;
};

// Else puts would wait for what they replace until the next segment begins.
TEST_F(StoreRecordsTest, KnowWhetherTheLastSegmentOfACheckpointIsInMemory) {
  const std::vector<SegmentFacts> segments = {{.id = SegmentId{1}}, {.id = SegmentId{2}}};
  for (const bool may_map : {true, false}) {
    const StoreRecords records(open(), {.may_map = may_map, .size_max = 4'096},
                               std::make_unique<LogAddresses>(), segments);
    EXPECT_EQ(records.maps_last_segment(), may_map);
  }
}

TEST_F(StoreRecordsTest, KnowWhetherTheSegmentOfTheLastRecordIsInMemory) {
  StoreRecords records(open(), {.may_map = true, .size_max = 4'096});
  EXPECT_FALSE(records.maps_last_segment());
  static_cast<void>(must(records.add(first_)));
  EXPECT_TRUE(records.maps_last_segment());
}

}  // namespace
}  // namespace datawal::store_records_test
