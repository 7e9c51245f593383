// The largest records that the format allows, written by each implementation and read by the other.

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "datawal/frame.h"
#include "driver_process.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"
#include "workload.h"

namespace datawal::compat::limits_test {
namespace {

class LimitsTest : public testing::TestWithParam<Implementation> {
 protected:
  void write_largest(DriverProcess& writer) {
    const Blob key = make_key(1, kKeySizeMax);
    const Blob value = make_payload(2, kPayloadSizeMax);
    writer.must("open kv " + directory_);
    writer.must("put " + key.word + ' ' + value.word);
    EXPECT_TRUE(writer.ask("put 3:65537 -").starts_with("err "));
    EXPECT_TRUE(writer.ask("put - 3:67108865").starts_with("err "));
    // The refusals neither harm the store nor consume a txid.
    writer.must("put - -");
    writer.must("close");
    model_.append(RecordType::kPut, key, value);
    model_.append(RecordType::kPut, {}, {});
  }

  Scratch scratch_;
  std::string directory_ = scratch_.fresh("store").string();
  DriverProcess crate_{GetParam()};
  DriverProcess datawal_{kDatawal};
  Model model_;
};

TEST_P(LimitsTest, DatawalReadsWhatTheCrateWrote) {
  write_largest(crate_);
  open_and_compare(datawal_, Kind::kStore, directory_, model_);
}

TEST_P(LimitsTest, TheCrateReadsWhatDatawalWrote) {
  write_largest(datawal_);
  open_and_compare(crate_, Kind::kStore, directory_, model_);
}

TEST_P(LimitsTest, BothCompactAndExportToTheSameBytes) {
  write_largest(datawal_);
  datawal_.must("open kv " + directory_);
  datawal_.must("export " + directory_ + ".datawal.jsonl");
  const std::string stats = datawal_.must("compact " + directory_ + ".datawal");
  datawal_.must("close");
  crate_.must("open kv " + directory_);
  crate_.must("export " + directory_ + ".crate.jsonl");
  EXPECT_EQ(stats, crate_.must("compact " + directory_ + ".crate"));
  EXPECT_TRUE(read_segment(directory_ + ".datawal") == read_segment(directory_ + ".crate"));
  EXPECT_TRUE(read_file(directory_ + ".datawal.jsonl") == read_file(directory_ + ".crate.jsonl"));
}

INSTANTIATE_TEST_SUITE_P(Crates, LimitsTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::limits_test
