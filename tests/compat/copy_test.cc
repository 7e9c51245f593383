// Checkpoints, backups and restored stores, of a store of either implementation, as the crate sees
// them and goes on with them.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "library.h"
#include "model.h"
#include "parameters.h"
#include "scratch.h"
#include "workload.h"

namespace datawal::compat::copy_test {
namespace {

namespace fs = std::filesystem;

class CopyTest : public testing::TestWithParam<Implementation> {
 protected:
  // The crate rotates nothing but a log.
  void rotate(DriverProcess& writer) {
    writer.must("close");
    writer.must("open log " + store_.string());
    writer.must("rotate");
    writer.must("close");
    writer.must("open kv " + store_.string());
    model_.rotate();
  }

  // `count` random records, in segments of twenty.
  void write(DriverProcess& writer, int count) {
    for (int index = 0; index < count; ++index) {
      if (index % 20 == 19) rotate(writer);
      writer.must(workload_.append_command(Kind::kStore, model_));
    }
  }

  std::vector<Bytes> source() const {
    std::vector<Bytes> segments;
    for (const std::string& name : segment_names(store_)) {
      segments.push_back(read_file(store_ / name));
    }
    return segments;
  }

  // That the crate finds what `model` says, and can go on: with files of its own.
  void expect_crate_goes_on(const fs::path& copy, Model model) {
    const std::vector<Bytes> before = source();
    DriverProcess crate(GetParam());
    crate.must("open kv " + copy.string());
    EXPECT_EQ(crate.must_list("state"), model.state());
    EXPECT_EQ(crate.must_list("dump"), model.dump());
    for (int index = 0; index < 5; ++index) {
      crate.must(workload_.append_command(Kind::kStore, model));
    }
    crate.must("close");
    EXPECT_EQ(source(), before);
    EXPECT_EQ(dump(must(RecordLog::open(copy)).scan()), model.dump());
  }

  Scratch scratch_;
  fs::path store_ = scratch_.fresh("store");
  Workload workload_{11};
  Model model_;
};

TEST_P(CopyTest, TheCrateGoesOnWithEveryCopyOfAStoreInUse) {
  for (const Implementation& writer_kind : {kDatawal, GetParam()}) {
    SCOPED_TRACE(writer_kind.name);
    model_ = {};
    store_ = scratch_.fresh("store");
    const fs::path kept = scratch_.fresh("backup");
    DriverProcess writer(writer_kind);
    writer.must("open kv " + store_.string());
    write(writer, 70);
    const Model earlier = model_;
    EXPECT_EQ(must(backup(store_, kept)).segments_unchanged, 0U);
    write(writer, 30);
    EXPECT_GT(must(backup(store_, kept)).segments_unchanged, 1U);
    const fs::path checkpointed = scratch_.fresh("checkpoint");
    EXPECT_GT(must(checkpoint(store_, checkpointed)).segments_linked, 1U);
    const fs::path restored = scratch_.fresh("restored");
    must(restore(kept, restored));
    const fs::path past = scratch_.fresh("past");
    must(restore(kept, past, {.to_txid = earlier.records().back().txid}));
    expect_crate_goes_on(checkpointed, model_);
    expect_crate_goes_on(restored, model_);
    expect_crate_goes_on(past, earlier);
    expect_crate_goes_on(kept, model_);
    writer.must("close");
  }
}

INSTANTIATE_TEST_SUITE_P(Crates, CopyTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::copy_test
