// A compaction in place, ended before each of its changes in turn: what is in the directory then is
// the same store for the crate, which knows nothing of compactions, and stays so when the crate
// goes on with it.

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/data_wal.h"
#include "driver_process.h"
#include "library.h"
#include "parameters.h"
#include "scratch.h"
#include "stopping_filesystem.h"

namespace datawal::compat::compaction_test {
namespace {

using Lines = std::vector<std::string>;

struct Shape {
  bool has_events = false;  // Raw records, beside which less is joined
  double garbage_ratio_min = 0;
};

// What the keys of this library's own Raw records begin with.
constexpr std::string_view kReservedKey = "006477616c2f";

class CompactionTest : public testing::TestWithParam<Implementation> {
 protected:
  static Options options() {
    Options options;
    options.segment_size_max = 700;
    options.reserve_space = false;
    options.checkpoint_log_size = 0;
    return options;
  }

  // Its records are overwritten and removed later, but for one. What would be left of an
  // announcement that was kept could not be read.
  static void write_batch(DataWal& store, std::uint64_t number, const Shape& shape) {
    WriteBatch batch;
    must(batch.put(generated_bytes(number % 17, 5 + number % 17), as_bytes("in a batch")));
    must(batch.put(generated_bytes(300 + number, 9), as_bytes("stays")));
    must(batch.remove(generated_bytes(number % 9, 5 + number % 9)));
    must(batch.put(as_bytes("passing"), generated_bytes(number, 20)));
    if (shape.has_events) must(batch.append(as_bytes("event of a batch")));
    (void)must(store.write(batch));
    (void)must(store.remove(as_bytes("passing")));
  }

  void make_store(const Shape& shape) {
    store_ = scratch_.fresh("store");
    DataWal store = must(DataWal::open(store_, options()));
    for (std::uint64_t number = 0; number < 120; ++number) {
      const Bytes key = generated_bytes(number % 17, 5 + number % 17);
      (void)must(store.put(key, generated_bytes(number, number * 7 % 60)));
      if (number % 6 == 0) (void)must(store.remove(generated_bytes(number % 9, 5 + number % 9)));
      if (number % 30 == 10) write_batch(store, number, shape);
      if (shape.has_events && number % 25 == 0) (void)must(store.append(as_bytes("event")));
    }
    // What is left here is a Delete whose key an earlier segment has, and small neighbours.
    for (std::uint64_t number = 200; number < 206; ++number) {
      (void)must(store.put(generated_bytes(number, 9), as_bytes("value")));
      if (number % 3 == 0) (void)must(store.remove(generated_bytes(number - 1, 9)));
      must(store.rotate());
    }
    must(store.close());
  }

  // In a process that ends before the n-th change; gives whether it came to that. In the other case
  // it ends behind the last, without closing the store.
  static bool compact_until(const std::filesystem::path& path, const Shape& shape,
                            std::uint64_t n) {
    const pid_t child = ::fork();
    if (child == 0) {
      StoppingFilesystem filesystem;
      Options wanted = options();
      wanted.filesystem = &filesystem;
      auto store = DataWal::open(path, wanted);
      if (!store) ::_exit(1);
      filesystem.stop_at(n);
      const auto report = store->compact({.garbage_ratio_min = shape.garbage_ratio_min});
      ::_exit(report && report->segments_rewritten > 0 ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
      throw std::runtime_error("the process that compacts has not ended as it should");
    }
    if (WEXITSTATUS(status) == 1) throw std::runtime_error("the compaction has failed");
    return WEXITSTATUS(status) == StoppingFilesystem::kExitCode;
  }

  struct Contents {
    Lines state;
    Lines events;  // Raw records but for those of this library's own
    friend bool operator==(const Contents&, const Contents&) = default;
  };

  static Contents contents_for(DriverProcess& driver, const std::filesystem::path& path) {
    driver.must("open kv " + path.string());
    Contents contents{driver.must_list("state"), {}};
    driver.must("close");
    driver.must("open reader " + path.string());
    for (const std::string& record : driver.must_list("dump")) {
      if (!record.starts_with("Raw ") || record.find(kReservedKey) != std::string::npos) continue;
      const std::size_t key = record.find(' ', 4) + 1;
      contents.events.push_back(
          record.substr(key, record.find(' ', record.find(' ', key) + 1) - key));
    }
    driver.must("close");
    return contents;
  }

  // The crate writes to what a compaction has left, and this library goes on with it.
  static void go_on(DriverProcess& crate, DriverProcess& datawal,
                    const std::filesystem::path& path) {
    crate.must("open kv " + path.string());
    crate.must("put " + hex(generated_bytes(3, 8)) + " 6e6577");
    crate.must("delete " + hex(generated_bytes(4, 9)));
    crate.must("sync");
    crate.must("close");
    const Contents written = contents_for(crate, path);
    ASSERT_EQ(contents_for(datawal, path), written);
    {
      DataWal store = must(DataWal::open(path, options()));
      (void)must(store.compact());
      must(store.close());
    }
    ASSERT_EQ(contents_for(crate, path), written);
    ASSERT_EQ(contents_for(datawal, path), written);
  }

  void run(const Shape& shape) {
    DriverProcess crate(GetParam());
    DriverProcess datawal(kDatawal);
    datawal.must("option reserve_space 0");
    make_store(shape);
    const Contents expected = contents_for(crate, store_);
    ASSERT_FALSE(expected.state.empty());
    ASSERT_EQ(expected.events.empty(), !shape.has_events);
    bool is_stopped = true;
    std::uint64_t n = 0;
    while (is_stopped) {
      SCOPED_TRACE("change " + std::to_string(++n));
      const std::filesystem::path path = scratch_.fresh("compacted");
      copy_store(store_, path);
      is_stopped = compact_until(path, shape, n);
      ASSERT_EQ(contents_for(crate, path), expected);
      go_on(crate, datawal, path);
      if (HasFatalFailure()) return;
      std::filesystem::remove_all(path);
    }
    EXPECT_GT(n, 20U) << "the scenario has become too small to mean anything";
  }

  Scratch scratch_{Medium::kMemory};
  std::filesystem::path store_;
};

TEST_P(CompactionTest, EveryStepIsTheSameStore) {
  run({});
}

TEST_P(CompactionTest, EveryStepHasEveryRawRecordOnce) {
  run({.has_events = true});
}

TEST_P(CompactionTest, EveryStepOfAPartIsTheSameStore) {
  run({.garbage_ratio_min = 0.6});
}

INSTANTIATE_TEST_SUITE_P(Crates, CompactionTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::compaction_test
