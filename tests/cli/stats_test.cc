// stats, compact --in-place and bench.
#include <csignal>
#include <thread>

#include "cli/cli_test.h"

namespace datawal::test::stats_test {
namespace {

class StatsCli : public CliTest {
 protected:
  // A store of several segments, of which half is garbage.
  void make_store_with_garbage() {
    auto opened = DataWal::open(store(), {.segment_size_max = 4'000});
    ASSERT_TRUE(opened);
    for (int number = 0; number < 1'000; ++number) {
      const std::string key = std::to_string(number % 2 == 0 ? number : number % 10);
      ASSERT_TRUE(opened->put(as_bytes(key), as_bytes("a value")));
    }
    ASSERT_TRUE(opened->append(as_bytes("without a key")));
    ASSERT_TRUE(opened->close());
  }
};

TEST_F(StatsCli, StatsShowsWhatThereIs) {
  make_sample_store();
  const std::string text = output({"stats", store()});
  EXPECT_THAT(text, StartsWith("path:          " + store() +
                               "\n"
                               "live keys:     1\n"
                               "segments:      2\n"
                               "log:           165 B\n"
                               "needed:        66 B\n"
                               "dead:          67 B\n"
                               "tombstones:    32 B\n"
                               "amplification: 2.50\n"
                               "compaction:    gains up to 99 B, 60 % of the log\n"
                               "index:         "));
  EXPECT_THAT(text,
              HasSubstr("\nlast txid:     5\ndurable txid:  5\nunsynced:      0 B not known to "
                        "be durable\nopen:          "));
  EXPECT_THAT(text, HasSubstr(", 5 records read\n"));
}

TEST_F(StatsCli, StatsPrintsJson) {
  make_sample_store();
  const std::string text = output({"stats", "--json", store()});
  EXPECT_THAT(text,
              StartsWith("{\"schema\":\"datawal.cli.v1\",\"kind\":\"stats\",\"path\":\"" + store() +
                         "\",\"live_keys\":1,\"segments\":2,\"log_bytes\":165,"
                         "\"needed_bytes\":66,\"dead_bytes\":67,\"tombstone_bytes\":32,"
                         "\"garbage_bytes\":99,\"amplification\":2.500,\"index_bytes\":"));
  EXPECT_THAT(text, HasSubstr(",\"last_txid\":5,\"durable_txid\":5,\"unsynced_bytes\":0,"
                              "\"records_replayed\":5,\"open_ns\":"));
}

TEST_F(StatsCli, StatsPrintsMetrics) {
  make_sample_store();
  const std::string text = output({"stats", "--prometheus", store()});
  EXPECT_THAT(text, HasSubstr("# TYPE datawal_live_keys gauge\ndatawal_live_keys{store=\"" +
                              store() + "\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("_total")));
  EXPECT_THAT(expect("exit 2", {"stats", "--json", "--prometheus", store()}).err,
              HasSubstr("--json and --prometheus exclude each other"));
}

TEST_F(StatsCli, StatsLeavesTheStoreAloneAndJudgesItAsOthersDo) {
  make_torn_store();
  const std::string before = contents_of(store());
  EXPECT_THAT(expect("exit 3", {"stats", store()}).out, HasSubstr("live keys:     3\n"));
  EXPECT_EQ(contents_of(store()), before);
  expect("exit 6", {"stats", path("missing")});
  EXPECT_FALSE(std::filesystem::exists(path("missing")));
}

TEST_F(StatsCli, CompactInPlaceMakesAStoreSmaller) {
  make_store_with_garbage();
  const std::string before = output({"export", store(), "-"});
  const Outcome outcome = expect("exit 0", {"compact", "--in-place", store()});
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("^segments rewritten: [1-9][0-9]*\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\nrecords dropped:    49"));
  EXPECT_THAT(outcome.out, HasSubstr("\nlog now:            "));
  EXPECT_EQ(output({"export", store(), "-"}), before);
  EXPECT_THAT(output({"scan", store()}), HasSubstr("without a key"));
  // That records are missing on purpose is told, and is no damage.
  EXPECT_THAT(expect("exit 0", {"verify", store()}).out, HasSubstr("crc_failures:        0\n"));
  const std::string again = output({"compact", "--in-place", "--json", store()});
  EXPECT_THAT(again, StartsWith("{\"schema\":\"datawal.cli.v1\",\"kind\":\"compact_in_place\","
                                "\"segments_rewritten\":0,"));
  EXPECT_THAT(again, HasSubstr("\"stopped\":false}\n"));
}

TEST_F(StatsCli, CompactInPlaceLeavesSegmentsWithLittleGarbage) {
  auto opened = DataWal::open(store());
  ASSERT_TRUE(opened);
  for (const char* const key : {"a", "b", "c", "a", "b"}) {
    ASSERT_TRUE(opened->put(as_bytes(key), as_bytes(std::string(1'000, 'v'))));
  }
  ASSERT_TRUE(opened->rotate() && opened->close());
  EXPECT_THAT(output({"compact", "--in-place", "--garbage-ratio", "0.9", "--json", store()}),
              HasSubstr("\"segments_rewritten\":0,"));
  EXPECT_THAT(output({"compact", "--in-place", "--garbage-ratio", "0.2", "--json", store()}),
              Not(HasSubstr("\"segments_rewritten\":0,")));
}

TEST_F(StatsCli, CompactTakesATargetOrInPlace) {
  make_sample_store();
  const auto error_of = [this](const Words& words) { return expect("exit 2", words).err; };
  EXPECT_THAT(error_of({"compact", store()}), HasSubstr("TARGET is required, or else --in-place"));
  EXPECT_THAT(error_of({"compact", store(), path("target"), "--in-place"}), HasSubstr("excludes"));
  EXPECT_THAT(error_of({"compact", store(), path("target"), "--rate", "1"}),
              HasSubstr("--in-place"));
  EXPECT_THAT(error_of({"compact", store(), ""}), HasSubstr("the path is empty"));
  for (const char* const ratio : {"1.5", "-1", "x", "", "nan", "0x1", "1e-1"}) {
    EXPECT_THAT(error_of({"compact", store(), "--in-place", "--garbage-ratio", ratio}),
                HasSubstr("is not a number from 0 to 1"))
        << ratio;
  }
  expect("exit 6", {"compact", "--in-place", path("missing")});
  EXPECT_FALSE(std::filesystem::exists(path("missing")));
}

TEST_F(StatsCli, CompactInPlaceRefusesAStoreInUse) {
  RunningCommand writer({"apply", store()});
  ASSERT_TRUE(writer.write("{\"op\":\"append\",\"value\":\"x\"}\n"));
  ASSERT_TRUE(writer.read_line());
  expect("exit 5", {"compact", "--in-place", store()});
  writer.close_input();
  EXPECT_EQ(writer.wait(), "exit 0");
}

TEST_F(StatsCli, CompactInPlaceStopsWhenItIsAskedTo) {
  for (const int number : {SIGINT, SIGTERM}) {
    make_store_with_garbage();
    const std::string before = output({"export", store(), "-"});
    RunningCommand compact({"compact", "--in-place", "--rate", "1", "--json", store()});
    // Its first file is there once it waits for its bytes to be due.
    while (!std::filesystem::exists(store() + "/00000001.dwal.compact")) std::this_thread::yield();
    compact.signal(number);
    EXPECT_THAT(compact.read_rest(), HasSubstr("\"stopped\":true}\n"));
    EXPECT_EQ(compact.wait(), "exit 1");
    EXPECT_EQ(output({"export", store(), "-"}), before);
    output({"verify", store()});
    std::filesystem::remove_all(store());
  }
}

TEST_F(StatsCli, BenchMeasuresAndCleansUp) {
  std::filesystem::create_directory(path("disk"));
  const std::string text = output({"bench", path("disk"), "--keys", "1000", "--durable", "3"});
  for (const char* const step : {"put ", "get ", "get_absent ", "put_durable ", "scan ", "open "}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + step));
  }
  EXPECT_THAT(text, HasSubstr("Keys of 16 bytes, values of 100. Indicative only"));
  EXPECT_EQ(names_in(path("disk")), "");
}

TEST_F(StatsCli, BenchPrintsJsonAndWorksInTheCurrentDirectory) {
  std::filesystem::create_directory(path("disk"));
  const std::string text =
      output({"bench", "--json", "--keys", "100", "--durable", "2", "--value-size", "7"},
             {.directory = path("disk")});
  EXPECT_THAT(text, StartsWith("{\"schema\":\"datawal.cli.v1\",\"kind\":\"bench\",\"step\":\"put\","
                               "\"operations\":100,\"value_bytes\":7,\"elapsed_ns\":"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 6);
  EXPECT_EQ(names_in(path("disk")), "");
}

TEST_F(StatsCli, BenchOfNothingIsSomething) {
  EXPECT_THAT(output({"bench", directory().string(), "--keys", "0", "--durable", "0"}),
              HasSubstr("\nput                    0        0 ns           -           -\n"));
}

TEST_F(StatsCli, BenchTellsWhereItCannotWork) {
  EXPECT_THAT(expect("exit 6", {"bench", path("missing")}).err, HasSubstr(path("missing")));
  EXPECT_FALSE(std::filesystem::exists(path("missing")));
}

TEST_F(StatsCli, BenchCleansUpWhenItIsInterrupted) {
  std::filesystem::create_directory(path("disk"));
  RunningCommand bench({"bench", path("disk"), "--keys", "1000000000"});
  while (names_in(path("disk")).empty()) std::this_thread::yield();
  bench.signal(SIGINT);
  EXPECT_EQ(bench.wait(), "exit 1");
  EXPECT_EQ(names_in(path("disk")), "");
}

}  // namespace
}  // namespace datawal::test::stats_test
