// put, delete, append and rotate.
#include "cli/cli_test.h"

namespace datawal::test::write_test {
namespace {

using WriteCli = CliTest;

TEST_F(WriteCli, PutMakesTheStoreAndTellsWhereTheValueIs) {
  EXPECT_EQ(output({"put", store(), "--key", "alpha", "1"}),
            "put seg=00000001 off=0 len=34 txid=1\n");
  EXPECT_EQ(
      output({"put", "--json", store(), "--key", "alpha", "2"}),
      "{\"schema\":\"datawal.cli.v1\",\"kind\":\"put\",\"segment\":1,\"offset\":34,\"len\":34,"
      "\"txid\":2,\"durable\":true}\n");
  EXPECT_EQ(output({"get", store(), "--key", "alpha"}), "2");
}

TEST_F(WriteCli, PutMakesMissingParents) {
  output({"put", store() + "/deep/down", "--key", "a", "1"});
  EXPECT_EQ(output({"get", store() + "/deep/down", "--key", "a"}), "1");
}

TEST_F(WriteCli, PutTakesTheValueInThreeWays) {
  const std::string value("line\n\0\xff end", 11);
  output({"put", store(), "--key", "in", "-"}, {.in = value});
  write_text(path("value"), value);
  output({"put", store(), "--key", "file", "--value-file", path("value")});
  output({"put", store(), "--key", "file-in", "--value-file", "-"}, {.in = value});
  for (const char* const key : {"in", "file", "file-in"}) {
    EXPECT_EQ(output({"get", store(), "--key", key}), value) << key;
  }
}

TEST_F(WriteCli, PutWantsExactlyOneValue) {
  for (const Words& extra :
       {Words{}, Words{"value", "--value-file", path("value")}, Words{"one", "two"}}) {
    Words words = {"put", store(), "--key", "k"};
    words.insert(words.end(), extra.begin(), extra.end());
    const Outcome outcome = expect("exit 2", words);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("datawal: error: "));
  }
  EXPECT_FALSE(std::filesystem::exists(store()));
}

TEST_F(WriteCli, PutTakesArgumentsByteForByte) {
  for (const char* const text :
       {"[a,b]", "{}",  "[]",  "++",    "%%",  "\"quoted\"", "'", "get",   "put",   "--", " ",
        "010",   "{x}", "a=b", "@file", "\\n", "[",          "]", "/help", "$HOME", "*"}) {
    Words words = {"put", store(), "--key", text};
    if (text == std::string("--")) words.emplace_back("--");
    words.emplace_back(text);
    output(words);
    EXPECT_EQ(output({"get", store(), "--key", text}), text);
    EXPECT_EQ(output({"get", store(), std::string("--key=") + text}), text);
  }
  output({"put", store(), "--key", "-5", "--", "-5"});
  EXPECT_EQ(output({"get", store(), "--key", "-5"}), "-5");
  output({"put", store(), "--key", "--json", "--", "--json"});
  EXPECT_EQ(output({"get", store(), "--key", "--json"}), "--json");
  output({"put", store(), "--key", "--key=", "--", "--key="});
  EXPECT_EQ(output({"get", store(), "--key", "--key="}), "--key=");
}

TEST_F(WriteCli, PutTakesTheLargestValueAndRefusesALargerOne) {
  std::string value(kPayloadSizeMax, 'v');
  write_text(path("value"), value);
  output({"put", store(), "--key", "k", "--value-file", path("value")});
  EXPECT_EQ(output({"get", store(), "--key", "k"}), value);
  value += 'v';
  for (const Words& source : {Words{"-"}, Words{"--value-file", path("larger")}}) {
    write_text(path("larger"), value);
    Words words = {"put", store(), "--key", "k"};
    words.insert(words.end(), source.begin(), source.end());
    EXPECT_THAT(expect("exit 2", words, {.in = value}).err, HasSubstr("67108864 bytes"));
  }
  EXPECT_EQ(output({"history", store(), "--key", "k"}).find('\n'),
            output({"history", store(), "--key", "k"}).size() - 1);
}

TEST_F(WriteCli, PutTakesTheLargestKey) {
  const std::string key(kKeySizeMax, 'k');
  output({"put", store(), "--key", key, "v"});
  EXPECT_EQ(output({"get", store(), "--key", key}), "v");
  const Outcome refused = expect("exit 2", {"put", store(), "--key", key + "k", "v"});
  EXPECT_THAT(refused.err, HasSubstr("65536"));
}

TEST_F(WriteCli, AMissingValueFileIsOfTheSurroundings) {
  const Outcome outcome =
      expect("exit 6", {"put", store(), "--key", "k", "--value-file", path("missing")});
  EXPECT_THAT(outcome.err, HasSubstr(path("missing")));
  expect("exit 6", {"put", store(), "--key", "k", "--value-file", directory().string()});
  EXPECT_FALSE(std::filesystem::exists(store()));
}

TEST_F(WriteCli, DeleteTellsWhetherTheKeyWasThere) {
  make_sample_store();
  EXPECT_EQ(output({"delete", store(), "--key", "alpha"}), "delete txid=6 existed=true\n");
  EXPECT_EQ(output({"delete", store(), "--key", "alpha"}), "delete txid=7 existed=false\n");
  EXPECT_EQ(output({"delete", "--json", store(), "--key-hex", "00"}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"delete\",\"txid\":8,\"existed\":false,"
            "\"durable\":true}\n");
  expect("exit 1", {"get", store(), "--key", "alpha"});
}

TEST_F(WriteCli, DeleteAndRotateMakeNoStore) {
  expect("exit 6", {"delete", store(), "--key", "k"});
  expect("exit 6", {"rotate", store()});
  EXPECT_FALSE(std::filesystem::exists(store()));
}

TEST_F(WriteCli, AppendMakesARecordOfEachArgument) {
  EXPECT_EQ(output({"append", store(), "one", "", "[2,3]"}),
            "append records=3 first_txid=1 last_txid=3\n");
  EXPECT_EQ(output({"append", "--json", store(), "four"}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"append\",\"records\":1,\"first_txid\":4,"
            "\"last_txid\":4,\"durable\":true}\n");
  EXPECT_EQ(
      output({"scan", store()}),
      "seg=00000001 off=         0 len=      31 type=RAW txid=         1 key=\"\" payload=one\n"
      "seg=00000001 off=        31 len=      28 type=RAW txid=         2 key=\"\" payload=\"\"\n"
      "seg=00000001 off=        59 len=      33 type=RAW txid=         3 key=\"\" "
      "payload=[2,3]\n"
      "seg=00000001 off=        92 len=      32 type=RAW txid=         4 key=\"\" "
      "payload=four\n");
}

TEST_F(WriteCli, AppendMakesOneRecordOfTheWholeInput) {
  EXPECT_EQ(output({"append", store(), "-"}, {.in = "one\ntwo\n"}),
            "append records=1 first_txid=1 last_txid=1\n");
  EXPECT_EQ(output({"append", store(), "-"}), "append records=1 first_txid=2 last_txid=2\n");
  write_text(path("value"), std::string("\0\n", 2));
  output({"append", store(), "--value-file", path("value")});
  const std::string lines = output({"scan", store(), "--json"});
  EXPECT_THAT(lines, HasSubstr("\"payload_base64\":\"b25lCnR3bwo=\"}"));
  EXPECT_THAT(lines, HasSubstr("\"payload_base64\":\"\"}"));
  EXPECT_THAT(lines, HasSubstr("\"payload_base64\":\"AAo=\"}"));
}

TEST_F(WriteCli, AppendMakesARecordOfEachLine) {
  EXPECT_EQ(output({"append", store(), "--lines", "-"}, {.in = "one\n\r\n\ntwo"}),
            "append records=4 first_txid=1 last_txid=4\n");
  EXPECT_EQ(output({"append", store(), "--lines", "-"}, {.in = "\n"}),
            "append records=1 first_txid=5 last_txid=5\n");
  EXPECT_EQ(output({"append", store(), "--lines", "-"}),
            "append records=0 first_txid=0 last_txid=0\n");
  const std::string lines = output({"scan", store(), "--bytes", "hex"});
  for (const char* const payload : {"hex:6f6e65\n", "hex:0d\n", "hex:\n", "hex:74776f\n"}) {
    EXPECT_THAT(lines, HasSubstr(std::string("payload=") + payload));
  }
}

TEST_F(WriteCli, AppendTakesManyLinesAcrossBlocks) {
  std::string input;
  for (int line = 0; line < 50'000; ++line) input += std::to_string(line) + "\n";
  write_text(path("lines"), input);
  EXPECT_EQ(output({"append", store(), "--lines", "--value-file", path("lines")}),
            "append records=50000 first_txid=1 last_txid=50000\n");
  EXPECT_THAT(output({"tail", store(), "-n", "1"}), HasSubstr("payload=49999\n"));
}

TEST_F(WriteCli, AppendKeepsTheLinesBeforeOneThatIsTooLong) {
  const Outcome outcome =
      expect("exit 2", {"append", store(), "--lines", "-"},
             {.in = "one\ntwo\n" + std::string(kPayloadSizeMax + 1, 'x') + "\nfour\n"});
  EXPECT_EQ(outcome.out, "append records=2 first_txid=1 last_txid=2\n");
  EXPECT_THAT(outcome.err, HasSubstr("line 3"));
  EXPECT_THAT(output({"report", store()}), HasSubstr("records_replayed:    2\n"));
}

TEST_F(WriteCli, AppendRefusesUnclearArguments) {
  for (const Words& extra : {Words{}, Words{"-", "x"}, Words{"x", "--lines"},
                             Words{"x", "--value-file", path("value")}, Words{"--lines"}}) {
    Words words = {"append", store()};
    words.insert(words.end(), extra.begin(), extra.end());
    EXPECT_THAT(expect("exit 2", words).err, StartsWith("datawal: error: "));
  }
  EXPECT_FALSE(std::filesystem::exists(store()));
}

TEST_F(WriteCli, RotateBeginsTheNextSegment) {
  make_sample_store();
  EXPECT_EQ(output({"rotate", store()}), "rotate seg=00000003\n");
  EXPECT_EQ(output({"rotate", "--json", store()}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"rotate\",\"segment\":4,\"durable\":true}\n");
  EXPECT_EQ(output({"put", store(), "--key", "k", "v"}), "put seg=00000004 off=0 len=30 txid=6\n");
}

TEST_F(WriteCli, WritingSetsATornTailAsideAndTells) {
  make_torn_store();
  const Outcome outcome = expect("exit 0", {"put", store(), "--key", "d", "4"});
  EXPECT_EQ(outcome.out, "put seg=00000001 off=90 len=30 txid=4\n");
  EXPECT_THAT(outcome.err, StartsWith("datawal: the log had a torn tail, 7 bytes at segment 1, "
                                      "offset 90"));
  EXPECT_THAT(outcome.err, HasSubstr("'00000001.dwal.90.quarantine'"));
  EXPECT_EQ(read_text(store() + "/00000001.dwal.90.quarantine").size(), 7U);
  EXPECT_EQ(output({"get", store(), "--key", "d"}), "4");
  EXPECT_THAT(output({"verify", store()}), HasSubstr("frames_checked:      4\n"));
}

TEST_F(WriteCli, WritingRefusesACorruptStore) {
  make_corrupt_store();
  const std::string before = contents_of(store());
  for (const Words& words :
       {Words{"put", store(), "--key", "k", "v"}, Words{"delete", store(), "--key", "a"},
        Words{"append", store(), "x"}, Words{"rotate", store()}}) {
    const Outcome outcome = expect("exit 4", words);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("segment 1, offset 30"));
  }
  std::filesystem::remove(store() + "/.lock");
  EXPECT_EQ(contents_of(store()), before);
}

}  // namespace
}  // namespace datawal::test::write_test
