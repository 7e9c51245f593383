// scan and dump.
#include "cli/cli_test.h"

namespace datawal::test::scan_test {
namespace {

using ScanCli = CliTest;

TEST_F(ScanCli, PrintsOneLineForEachRecordOldestFirst) {
  make_sample_store();
  EXPECT_EQ(
      output({"scan", store()}),
      "seg=00000001 off=         0 len=      34 type=PUT txid=         1 key=alpha payload=1\n"
      "seg=00000001 off=        34 len=      33 type=PUT txid=         2 key=beta payload=2\n"
      "seg=00000002 off=         0 len=      34 type=PUT txid=         3 key=alpha payload=3\n"
      "seg=00000002 off=        34 len=      32 type=DEL txid=         4 key=beta payload=\"\"\n"
      "seg=00000002 off=        66 len=      32 type=RAW txid=         5 key=\"\" "
      "payload=note\n");
}

TEST_F(ScanCli, PrintsTheFieldsOfTheContractAsJson) {
  make_sample_store();
  EXPECT_EQ(
      output({"scan", "--json", store()}),
      "{\"schema\":\"datawal.cli.v1\",\"kind\":\"record\",\"segment\":1,\"offset\":0,\"len\":34,"
      "\"record_type\":\"Put\",\"txid\":1,\"key_base64\":\"YWxwaGE=\",\"payload_base64\":\"MQ==\"}"
      "\n"
      "{\"schema\":\"datawal.cli.v1\",\"kind\":\"record\",\"segment\":1,\"offset\":34,\"len\":33,"
      "\"record_type\":\"Put\",\"txid\":2,\"key_base64\":\"YmV0YQ==\",\"payload_base64\":\"Mg==\"}"
      "\n"
      "{\"schema\":\"datawal.cli.v1\",\"kind\":\"record\",\"segment\":2,\"offset\":0,\"len\":34,"
      "\"record_type\":\"Put\",\"txid\":3,\"key_base64\":\"YWxwaGE=\",\"payload_base64\":\"Mw==\"}"
      "\n"
      "{\"schema\":\"datawal.cli.v1\",\"kind\":\"record\",\"segment\":2,\"offset\":34,\"len\":32,"
      "\"record_type\":\"Delete\",\"txid\":4,\"key_base64\":\"YmV0YQ==\",\"payload_base64\":\"\"}\n"
      "{\"schema\":\"datawal.cli.v1\",\"kind\":\"record\",\"segment\":2,\"offset\":66,\"len\":32,"
      "\"record_type\":\"Raw\",\"txid\":5,\"key_base64\":\"\",\"payload_base64\":\"bm90ZQ==\"}\n");
}

TEST_F(ScanCli, JsonMayStandBeforeOrBehindTheSubcommand) {
  make_sample_store();
  const std::string expected = output({"scan", "--json", store()});
  EXPECT_EQ(output({"--json", "scan", store()}), expected);
  EXPECT_EQ(output({"scan", store(), "--json"}), expected);
}

TEST_F(ScanCli, StopsAtTheLimit) {
  make_sample_store();
  EXPECT_THAT(output({"scan", store(), "--limit", "1"}), ::testing::EndsWith("payload=1\n"));
  EXPECT_THAT(output({"scan", store(), "--limit", "2"}), ::testing::EndsWith("payload=2\n"));
  EXPECT_EQ(output({"scan", store(), "--limit", "100"}), output({"scan", store()}));
}

TEST_F(ScanCli, ALimitOfZeroPrintsNothing) {
  make_sample_store();
  EXPECT_EQ(output({"scan", store(), "--limit", "0"}), "");
  EXPECT_EQ(output({"dump", store(), "--limit", "0"}), "");
  EXPECT_EQ(output({"--json", "dump", store(), "--limit", "0"}), "");
  expect("exit 6", {"scan", path("missing"), "--limit", "0"});
}

TEST_F(ScanCli, BeginsAtASegmentAndAnOffset) {
  make_sample_store();
  const auto txids = [this](const Words& arguments) {
    Words words = {"scan", "--json", store()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::string found;
    const std::string text = output(words);
    for (std::size_t at = text.find("\"txid\":"); at != std::string::npos;
         at = text.find("\"txid\":", at + 1)) {
      found += text.substr(at + 7, 1);
    }
    return found;
  };
  EXPECT_EQ(txids({"--from-segment", "0"}), "12345");
  EXPECT_EQ(txids({"--from-segment", "2"}), "345");
  EXPECT_EQ(txids({"--from-segment", "00000002"}), "345");
  EXPECT_EQ(txids({"--from-segment", "3"}), "");
  EXPECT_EQ(txids({"--from-segment", "1", "--from-offset", "0"}), "12345");
  // An offset need not be a record's; it counts in that segment alone.
  EXPECT_EQ(txids({"--from-segment", "1", "--from-offset", "1"}), "2345");
  EXPECT_EQ(txids({"--from-segment", "1", "--from-offset", "34"}), "2345");
  EXPECT_EQ(txids({"--from-segment", "1", "--from-offset", "99999999999"}), "345");
  EXPECT_EQ(txids({"--from-segment", "2", "--from-offset", "35", "--limit", "1"}), "5");
}

TEST_F(ScanCli, AnOffsetNeedsItsSegment) {
  make_sample_store();
  const Outcome outcome = expect("exit 2", {"scan", store(), "--from-offset", "34"});
  EXPECT_THAT(outcome.err, HasSubstr("--from-segment"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(ScanCli, QuotesWhatWouldBeMisread) {
  output({"put", store(), "--key", "two words", "say \"hi\"\\"});
  output({"put", store(), "--key", "b64:AAH/", "hex:00"});
  output({"put", store(), "--key", "tab\there", "and so on..."});
  const std::string lines = output({"scan", store()});
  EXPECT_THAT(lines, HasSubstr("key=\"two words\" payload=\"say \\\"hi\\\"\\\\\"\n"));
  EXPECT_THAT(lines, HasSubstr("key=\"b64:AAH/\" payload=\"hex:00\"\n"));
  EXPECT_THAT(lines, HasSubstr("key=\"tab\\there\" payload=\"and so on...\"\n"));
}

TEST_F(ScanCli, ShowsBytesInTheModeAskedFor) {
  output({"put", store(), "--key", "alpha", "-"}, {.in = std::string("\0\x01\xff", 3)});
  EXPECT_THAT(output({"scan", store()}), HasSubstr("key=alpha payload=b64:AAH/\n"));
  EXPECT_THAT(output({"scan", store(), "--bytes", "auto"}), HasSubstr("payload=b64:AAH/\n"));
  EXPECT_THAT(output({"scan", store(), "--bytes", "raw"}),
              HasSubstr("key=alpha payload=b64:AAH/\n"));
  EXPECT_THAT(output({"scan", store(), "--bytes", "base64"}),
              HasSubstr("key=b64:YWxwaGE= payload=b64:AAH/\n"));
  EXPECT_THAT(output({"scan", store(), "--bytes", "hex"}),
              HasSubstr("key=hex:616c706861 payload=hex:0001ff\n"));
  EXPECT_THAT(output({"dump", store(), "--bytes", "hex"}), HasSubstr("key=hex:616c706861 key_len"));
}

TEST_F(ScanCli, CutsLongFieldsWithAMarkUnlessTold) {
  const std::string value(100, 'x');
  output({"put", store(), "--key", std::string(70, 'k'), value});
  const std::string cut = output({"scan", store()});
  EXPECT_THAT(cut, HasSubstr(" key=" + std::string(64, 'k') +
                             "... payload=" + std::string(64, 'x') + "...\n"));
  EXPECT_THAT(output({"scan", store(), "--no-truncate"}),
              HasSubstr(" key=" + std::string(70, 'k') + " payload=" + value + "\n"));
  EXPECT_THAT(output({"dump", store()}), HasSubstr(" key=" + std::string(64, 'k') + "... key_len"));
  EXPECT_THAT(output({"dump", store(), "--no-truncate"}),
              HasSubstr(" key=" + std::string(70, 'k') + " key_len=70 payload_len=100\n"));
}

TEST_F(ScanCli, JsonHasAllBytesWhateverTheModeIs) {
  output({"put", store(), "--key", "k", "-"}, {.in = std::string(1000, '\xff')});
  const std::string expected = output({"scan", "--json", store()});
  EXPECT_GT(expected.size(), 1333U);
  EXPECT_EQ(output({"scan", "--json", store(), "--bytes", "hex"}), expected);
  EXPECT_EQ(output({"scan", "--json", store(), "--bytes", "raw", "--no-truncate"}), expected);
  EXPECT_THAT(expected, Not(HasSubstr("hex")));
}

TEST_F(ScanCli, DumpPrintsSizesInPlaceOfPayloads) {
  make_sample_store();
  EXPECT_THAT(output({"dump", store()}),
              StartsWith("seg=00000001 off=         0 len=      34 type=PUT txid=         1 "
                         "key=alpha key_len=5 payload_len=1\n"));
  EXPECT_THAT(
      output({"dump", store(), "--json"}),
      StartsWith(
          "{\"schema\":\"datawal.cli.v1\",\"kind\":\"frame\",\"segment\":1,\"offset\":0,"
          "\"len\":34,\"record_type\":\"Put\",\"txid\":1,\"key_len\":5,\"payload_len\":1}\n"));
  EXPECT_THAT(output({"dump", store(), "--json"}), Not(HasSubstr("payload_base64")));
}

TEST_F(ScanCli, DumpStopsAtTheLimit) {
  make_sample_store();
  const std::string lines = output({"dump", store(), "--limit", "3"});
  EXPECT_EQ(std::ranges::count(lines, '\n'), 3);
}

TEST_F(ScanCli, ATornTailIsToldAfterTheRecords) {
  make_torn_store();
  for (const char* const command : {"scan", "dump"}) {
    const Outcome outcome = expect("exit 3", {command, store()});
    EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 3);
    EXPECT_THAT(outcome.err, StartsWith("datawal: warning: the log has a torn tail: 7 bytes at "
                                        "segment 1, offset 90 "));
  }
  // What was not read is not judged.
  expect("exit 0", {"scan", store(), "--limit", "3"});
}

TEST_F(ScanCli, PrintsUpToTheDamageAndFails) {
  make_corrupt_store();
  for (const char* const command : {"scan", "dump"}) {
    const Outcome outcome = expect("exit 4", {command, store()});
    EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 1);
    EXPECT_THAT(outcome.err,
                StartsWith(std::string("datawal: error: ") + command + ": mid-stream error: "));
    EXPECT_THAT(outcome.err, HasSubstr("segment 1, offset 30"));
    EXPECT_THAT(outcome.err, HasSubstr("datawal salvage"));
  }
  expect("exit 0", {"scan", store(), "--limit", "1"});
  EXPECT_THAT(output({"scan", store(), "--from-segment", "2"}), HasSubstr("key=d"));
}

TEST_F(ScanCli, ANewerFormatIsToldApart) {
  std::string bytes = encode({{RecordType::kRaw, 1, "", "first"}});
  bytes[4] = 2;
  write_segment(store(), 1, bytes);
  const Outcome outcome = expect("exit 7", {"scan", store()});
  EXPECT_THAT(outcome.err, HasSubstr("version"));
}

TEST_F(ScanCli, AnEmptyDirectoryHasNoRecords) {
  std::filesystem::create_directory(store());
  EXPECT_EQ(output({"scan", store()}), "");
  EXPECT_EQ(names_in(store()), "");
}

}  // namespace
}  // namespace datawal::test::scan_test
