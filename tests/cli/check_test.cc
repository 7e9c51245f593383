// report, verify and check.
#include "cli/cli_test.h"
#include "file/filesystem.h"
#include "store/forged_index_test_support.h"

namespace datawal::test::check_test {
namespace {

using ::testing::EndsWith;

using CheckCli = CliTest;

TEST_F(CheckCli, ReportOfASoundStore) {
  make_sample_store();
  EXPECT_EQ(output({"report", store()}),
            "schema:              datawal.cli.v1\n"
            "files_scanned:       2\n"
            "records_replayed:    5\n"
            "tail_truncated:      0\n"
            "tail_bytes_discarded:0\n"
            "mid_stream_errors:   0\n"
            "unsupported_versions:0\n"
            "last_txid_seen:      5\n");
  EXPECT_EQ(output({"report", "--json", store()}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"report\",\"files_scanned\":2,"
            "\"records_replayed\":5,\"tail_truncated\":0,\"tail_bytes_discarded\":0,"
            "\"mid_stream_errors\":0,\"unsupported_versions\":0,\"last_txid_seen\":5}\n");
}

TEST_F(CheckCli, VerifyOfASoundStore) {
  make_sample_store();
  EXPECT_EQ(output({"verify", store()}),
            "schema:              datawal.cli.v1\n"
            "frames_checked:      5\n"
            "crc_failures:        0\n"
            "tail_truncated:      0\n"
            "tail_bytes_discarded:0\n"
            "last_segment:        2\n"
            "last_offset:         66\n");
  EXPECT_EQ(output({"verify", "--json", store()}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"verify\",\"frames_checked\":5,"
            "\"crc_failures\":0,\"tail_truncated\":0,\"tail_bytes_discarded\":0,"
            "\"last_segment\":2,\"last_offset\":66}\n");
}

TEST_F(CheckCli, CheckOfASoundStore) {
  make_sample_store();
  EXPECT_EQ(output({"check", store()}),
            "schema:               datawal.cli.v1\n"
            "kind:                 check\n"
            "keys_checked:         1\n"
            "tail_truncated:       0\n"
            "tail_bytes_discarded: 0\n"
            "mid_stream_errors:    0\n"
            "unsupported_versions: 0\n");
  EXPECT_EQ(output({"check", "--json", store()}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"check\",\"keys_checked\":1,"
            "\"tail_truncated\":0,\"tail_bytes_discarded\":0,\"mid_stream_errors\":0,"
            "\"unsupported_versions\":0}\n");
}

TEST_F(CheckCli, AnEmptyStoreIsSound) {
  std::filesystem::create_directory(store());
  EXPECT_THAT(output({"report", store()}), HasSubstr("records_replayed:    0\n"));
  EXPECT_THAT(output({"verify", store()}), HasSubstr("last_segment:        0\n"));
  EXPECT_THAT(output({"check", store()}), HasSubstr("keys_checked:         0\n"));
}

TEST_F(CheckCli, ATornTailIsNoFailure) {
  make_torn_store();
  const Outcome report = expect("exit 3", {"report", "--json", store()});
  EXPECT_THAT(report.out, HasSubstr("\"records_replayed\":3,\"tail_truncated\":1,"
                                    "\"tail_bytes_discarded\":7,\"mid_stream_errors\":0"));
  const Outcome verify = expect("exit 3", {"verify", "--json", store()});
  EXPECT_THAT(verify.out, HasSubstr("\"frames_checked\":3,\"crc_failures\":0,\"tail_truncated\":1,"
                                    "\"tail_bytes_discarded\":7,\"last_segment\":1,"
                                    "\"last_offset\":60}"));
  const Outcome check = expect("exit 3", {"check", "--json", store()});
  EXPECT_THAT(check.out, HasSubstr("\"keys_checked\":3,\"tail_truncated\":1,"
                                   "\"tail_bytes_discarded\":7"));
  for (const Outcome& outcome : {report, verify, check}) {
    EXPECT_THAT(outcome.err, HasSubstr("7 bytes at segment 1, offset 90"));
  }
}

TEST_F(CheckCli, ALastRecordWithAWrongSumIsATornTail) {
  std::string bytes = encode({{RecordType::kPut, 1, "a", "1"}, {RecordType::kPut, 2, "b", "2"}});
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_segment(store(), 1, bytes);
  EXPECT_THAT(expect("exit 3", {"report", "--json", store()}).out,
              HasSubstr("\"tail_bytes_discarded\":30"));
  EXPECT_THAT(expect("exit 3", {"verify", "--json", store()}).out,
              HasSubstr("\"frames_checked\":1,\"crc_failures\":0,\"tail_truncated\":1"));
}

TEST_F(CheckCli, ReservedSpaceIsNoDamage) {
  write_segment(store(), 1, encode({{RecordType::kPut, 1, "a", "1"}}) + std::string(4096, '\0'));
  EXPECT_THAT(output({"report", "--json", store()}), HasSubstr("\"tail_truncated\":0"));
  EXPECT_THAT(output({"verify", "--json", store()}),
              HasSubstr("\"crc_failures\":0,\"tail_truncated\":0,\"tail_bytes_discarded\":0"));
}

TEST_F(CheckCli, VerifyCountsFailuresAndGoesOn) {
  std::string first = encode({{RecordType::kPut, 1, "a", "1"},
                              {RecordType::kPut, 2, "b", "2"},
                              {RecordType::kPut, 3, "c", "3"},
                              {RecordType::kPut, 4, "d", "4"},
                              {RecordType::kPut, 5, "e", "5"}});
  first[30 + 25] = '?';  // the second record's value
  first[3 * 30] = 'X';   // the fourth record's magic
  write_segment(store(), 1, first);
  write_segment(store(), 2, encode({{RecordType::kPut, 6, "f", "6"}}));
  const Outcome outcome = expect("exit 4", {"verify", "--json", store()});
  EXPECT_EQ(outcome.out,
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"verify\",\"frames_checked\":4,"
            "\"crc_failures\":2,\"tail_truncated\":0,\"tail_bytes_discarded\":0,"
            "\"last_segment\":2,\"last_offset\":0}\n");
  EXPECT_THAT(outcome.err, HasSubstr("datawal: verify: CRC / decode failure: CRC mismatch"));
  EXPECT_THAT(outcome.err, HasSubstr("segment 1, offset 30"));
  EXPECT_THAT(outcome.err, HasSubstr("bad magic"));
  EXPECT_THAT(outcome.err, HasSubstr("segment 1, offset 90"));
  EXPECT_THAT(outcome.err, HasSubstr("datawal: error: verify: "));
  EXPECT_THAT(expect("exit 4", {"verify", store()}).out, HasSubstr("crc_failures:        2\n"));
}

TEST_F(CheckCli, VerifyTellsOfMissingRecords) {
  write_segment(store(), 1, encode({{RecordType::kPut, 1, "a", "1"}}));
  write_segment(store(), 3, encode({{RecordType::kPut, 7, "b", "2"}}));
  const Outcome outcome = expect("exit 0", {"verify", store()});
  EXPECT_THAT(outcome.err, StartsWith("datawal: warning: verify: at 1 places a txid does not follow"
                                      " the one before it, the first at segment 3, offset 0"));
}

TEST_F(CheckCli, VerifyTellsOfASavedIndexThatLies) {
  {
    auto open = DataWal::open(store(), {.checkpoint_log_size = 0});
    ASSERT_TRUE(open && open->put(as_bytes("alpha"), as_bytes("1")));
    ASSERT_TRUE(open->put(as_bytes("beta"), as_bytes("2")) && open->close());
  }
  const std::string honest = output({"verify", "--json", store()});
  const auto leave_out = [](ForgedIndex& index) { (void)index.leave_out("beta"); };
  forge_index(**posix_filesystem().open_directory(store()), leave_out);
  const std::string before = contents_of(store());
  const Outcome outcome = expect("exit 4", {"verify", "--json", store()});
  EXPECT_THAT(outcome.err,
              StartsWith("datawal: error: verify: 'keydir.ckpt' disagrees with the log "
                         "in 1 places, the first: the sidecar leaves out the record"));
  EXPECT_THAT(outcome.err, HasSubstr("remove that file"));
  EXPECT_THAT(outcome.err, HasSubstr(", segment 1, offset 34)"));
  EXPECT_THAT(outcome.out, StartsWith("{\"schema\":\"datawal.cli.v1\",\"kind\":\"sidecar\","
                                      "\"name\":\"keydir.ckpt\",\"disagreements\":1,"
                                      "\"segment\":1,\"offset\":34,\"error\":\"the sidecar "));
  EXPECT_THAT(outcome.out, EndsWith(honest));
  EXPECT_THAT(expect("exit 4", {"verify", store()}).out, HasSubstr("crc_failures:        0\n"));
  output({"segments", store()});
  EXPECT_EQ(contents_of(store()), before);
  std::filesystem::remove(std::filesystem::path(store()) / "keydir.ckpt");
  EXPECT_EQ(output({"verify", "--json", store()}), honest);
}

TEST_F(CheckCli, DurableRecordsThatAreGoneAreCorruption) {
  make_sample_store();
  std::filesystem::resize_file(segment_path(store(), 2), 34);
  for (const char* const command : {"report", "verify", "check"}) {
    const Outcome outcome = expect("exit 4", {command, store()});
    EXPECT_THAT(outcome.err, HasSubstr("durable")) << command;
  }
}

TEST_F(CheckCli, ReportAndCheckFailOnACorruptStore) {
  make_corrupt_store();
  const Outcome report = expect("exit 4", {"report", store()});
  EXPECT_EQ(report.out, "");
  EXPECT_THAT(report.err, StartsWith("datawal: error: report: mid-stream error: CRC mismatch"));
  EXPECT_THAT(report.err, HasSubstr("non-tail"));
  const Outcome check = expect("exit 4", {"check", store()});
  EXPECT_EQ(check.out, "");
  EXPECT_THAT(check.err, StartsWith("datawal: error: open store " + store() + ": CRC mismatch"));
}

TEST_F(CheckCli, ANewerFormatIsToldApart) {
  std::string bytes = encode({{RecordType::kRaw, 1, "", "first"}});
  bytes[4] = '\xFE';
  bytes[5] = '\xCA';
  write_segment(store(), 1, bytes);
  for (const char* const command : {"report", "verify", "check"}) {
    const Outcome outcome = expect("exit 7", {command, store()});
    EXPECT_THAT(outcome.err, HasSubstr("51966")) << command;
  }
}

}  // namespace
}  // namespace datawal::test::check_test
