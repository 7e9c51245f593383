// info and segments.
#include "cli/cli_test.h"

namespace datawal::test::overview_test {
namespace {

using OverviewCli = CliTest;

TEST_F(OverviewCli, InfoShowsASoundStore) {
  make_sample_store();
  EXPECT_EQ(output({"info", store()}), "path:          " + store() +
                                           "\n"
                                           "format:        wire version 1\n"
                                           "state:         clean\n"
                                           "lock:          free\n"
                                           "segments:      2 (1 to 2)\n"
                                           "records:       5\n"
                                           "live keys:     1\n"
                                           "txids:         1 to 5\n"
                                           "durable:       up to segment 2, offset 98\n"
                                           "log size:      165 B\n"
                                           "live size:     66 B\n"
                                           "garbage size:  99 B, 60 % of all records\n"
                                           "sidecars:      watermark\n"
                                           "quarantine:    none\n");
}

TEST_F(OverviewCli, InfoPrintsJson) {
  make_sample_store();
  EXPECT_EQ(output({"info", "--json", store()}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"info\",\"path\":\"" + store() +
                "\",\"wire_version\":1,\"state\":\"clean\",\"error\":\"\",\"lock\":\"free\","
                "\"lock_pid\":null,\"segments\":2,\"first_segment\":1,\"last_segment\":2,"
                "\"records\":5,\"live_keys\":1,\"first_txid\":1,\"last_txid\":5,\"txid_gaps\":0,"
                "\"durable_segment\":2,\"durable_offset\":98,\"tail_bytes\":0,\"log_bytes\":165,"
                "\"live_bytes\":66,\"garbage_bytes\":99,\"sidecars\":[\"watermark\"],"
                "\"quarantine\":[]}\n");
}

TEST_F(OverviewCli, InfoShowsWhoHoldsTheLockWithoutTouchingIt) {
  RunningCommand writer({"apply", store()});
  ASSERT_TRUE(writer.write("{\"op\":\"append\",\"value\":\"x\"}\n"));
  ASSERT_TRUE(writer.read_line());
  EXPECT_THAT(output({"info", store()}),
              HasSubstr("lock:          held by process " + std::to_string(writer.pid()) + "\n"));
  EXPECT_THAT(output({"info", "--json", store()}),
              HasSubstr("\"lock\":\"held\",\"lock_pid\":" + std::to_string(writer.pid()) + ","));
  ASSERT_TRUE(writer.write("{\"op\":\"append\",\"value\":\"y\"}\n"));
  ASSERT_TRUE(writer.read_line());
  writer.close_input();
  EXPECT_EQ(writer.wait(), "exit 0");
  EXPECT_THAT(output({"info", store()}), HasSubstr("lock:          free\n"));
}

TEST_F(OverviewCli, InfoShowsATornTailAndTheQuarantine) {
  make_torn_store();
  const Outcome torn = expect("exit 3", {"info", store()});
  EXPECT_THAT(torn.out, HasSubstr("state:         torn tail of 7 bytes at offset 90\n"));
  EXPECT_THAT(torn.out, HasSubstr("durable:       unknown\n"));
  EXPECT_THAT(expect("exit 3", {"info", "--json", store()}).out,
              HasSubstr("\"durable_segment\":null,\"durable_offset\":null,\"tail_bytes\":7"));
  expect("exit 0", {"put", store(), "--key", "d", "4"});
  EXPECT_THAT(output({"info", store()}), HasSubstr("quarantine:    00000001.dwal.90.quarantine\n"));
}

TEST_F(OverviewCli, InfoShowsAStoreThatCannotBeOpened) {
  make_corrupt_store();
  const Outcome human = expect("exit 4", {"info", store()});
  EXPECT_THAT(human.out, HasSubstr("state:         refused: CRC mismatch"));
  EXPECT_THAT(human.out, HasSubstr("records:       3\n"));
  EXPECT_THAT(human.out, HasSubstr("live keys:     unknown\n"));
  EXPECT_THAT(human.out, HasSubstr("txids:         1 to 4\n"));
  const Outcome json = expect("exit 4", {"info", "--json", store()});
  EXPECT_THAT(json.out, HasSubstr("\"state\":\"refused\",\"error\":\"CRC mismatch"));
  EXPECT_THAT(json.out, HasSubstr("\"live_keys\":null"));
}

TEST_F(OverviewCli, InfoOfAnEmptyDirectory) {
  std::filesystem::create_directory(store());
  const std::string text = output({"info", store()});
  EXPECT_THAT(text, HasSubstr("segments:      0\n"));
  EXPECT_THAT(text, HasSubstr("txids:         none\n"));
  EXPECT_EQ(names_in(store()), "");
}

TEST_F(OverviewCli, InfoIsOneScreenWhateverTheNamesAre) {
  std::filesystem::create_directory(path("new\nline\x1b[31m"));
  const std::string text = output({"info", path("new\nline\x1b[31m")});
  EXPECT_THAT(text, HasSubstr("new\\x0aline\\x1b[31m\n"));
}

TEST_F(OverviewCli, SegmentsAreATable) {
  make_sample_store();
  EXPECT_EQ(
      output({"segments", store()}),
      " segment         size        raw        put     delete first_txid  last_txid damages\n"
      "00000001           67          0          2          0          1          2       0\n"
      "00000002           98          1          1          1          3          5       0\n");
}

TEST_F(OverviewCli, SegmentsAreJsonLines) {
  make_sample_store();
  EXPECT_EQ(output({"segments", "--json", store()}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"segment\",\"segment\":1,\"size\":67,"
            "\"raw_records\":0,\"put_records\":2,\"delete_records\":0,\"first_txid\":1,"
            "\"last_txid\":2,\"damages\":0}\n"
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"segment\",\"segment\":2,\"size\":98,"
            "\"raw_records\":1,\"put_records\":1,\"delete_records\":1,\"first_txid\":3,"
            "\"last_txid\":5,\"damages\":0}\n");
}

TEST_F(OverviewCli, SegmentsShowDamage) {
  make_corrupt_store();
  const Outcome corrupt = expect("exit 4", {"segments", store()});
  EXPECT_THAT(corrupt.out, HasSubstr("00000001           90          0          2          0       "
                                     "   1          3       1\n"));
  EXPECT_THAT(corrupt.err, HasSubstr("datawal: error: segments: CRC mismatch"));
  make_torn_store();
  std::filesystem::remove(segment_path(store(), 2));
  expect("exit 3", {"segments", "--json", store()});
}

}  // namespace
}  // namespace datawal::test::overview_test
