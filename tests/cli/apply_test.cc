// apply.
#include <algorithm>
#include <filesystem>

#include "cli/cli_test.h"

namespace datawal::test::apply_test {
namespace {

using ApplyCli = CliTest;

constexpr const char* kEveryOperation =
    "{\"op\":\"put\",\"key\":\"alpha\",\"value\":\"1\"}\n"
    "{\"op\":\"put\",\"key_b64\":\"AP8=\",\"value_b64\":\"AAH/\"}\n"
    "{\"op\":\"delete\",\"key\":\"alpha\"}\n"
    "{\"op\":\"append\",\"value\":\"note \\u00e9\\n\"}\n"
    "{\"op\":\"sync\"}\n"
    "{\"op\":\"rotate\"}\n"
    "{ \"value\" : \"2\" , \"op\" : \"put\" , \"key\" : \"alpha\" }\r\n";

constexpr const char* kEveryAcknowledgement =
    "{\"op\":\"put\",\"line\":1,\"txid\":1,\"segment\":1,\"offset\":0,\"len\":34,\"durable\":true}"
    "\n"
    "{\"op\":\"put\",\"line\":2,\"txid\":2,\"segment\":1,\"offset\":34,\"len\":33,\"durable\":true}"
    "\n"
    "{\"op\":\"delete\",\"line\":3,\"txid\":3,\"segment\":1,\"offset\":67,\"len\":33,"
    "\"durable\":true}\n"
    "{\"op\":\"append\",\"line\":4,\"txid\":4,\"segment\":1,\"offset\":100,\"len\":36,"
    "\"durable\":true}\n"
    "{\"op\":\"sync\",\"line\":5,\"txid\":4,\"durable\":true}\n"
    "{\"op\":\"rotate\",\"line\":6,\"txid\":4,\"segment\":2,\"durable\":true}\n"
    "{\"op\":\"put\",\"line\":7,\"txid\":5,\"segment\":2,\"offset\":0,\"len\":34,\"durable\":true}"
    "\n";

TEST_F(ApplyCli, AcknowledgesEveryOperationInOrder) {
  for (const char* const sync : {"always", "batch=1", "batch=3", "batch=1000000", "end"}) {
    const std::string place = path(sync);
    EXPECT_EQ(output({"apply", "--sync", sync, place}, {.in = kEveryOperation}),
              kEveryAcknowledgement)
        << sync;
    EXPECT_EQ(output({"get", place, "--key", "alpha"}), "2");
    EXPECT_EQ(output({"get", place, "--key-hex", "00ff"}), std::string("\0\x01\xff", 3));
    EXPECT_THAT(output({"scan", place, "--bytes", "hex"}), HasSubstr("hex:6e6f746520c3a90a\n"));
  }
  // JSON in and out it is with and without --json.
  EXPECT_EQ(output({"apply", "--json", store()}, {.in = kEveryOperation}), kEveryAcknowledgement);
}

TEST_F(ApplyCli, AtomicAppliesAllOrNothing) {
  const std::string good =
      "{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"}\n\n"
      "{\"op\":\"delete\",\"key\":\"gone\"}\n"
      "{\"op\":\"append\",\"value\":\"x\"}\n";
  for (const char* const bad : {"nonsense\n", "{\"op\":\"sync\"}\n", "{\"op\":\"rotate\"}\n"}) {
    const Outcome outcome = expect("exit 2", {"apply", "--atomic", store()}, {.in = good + bad});
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("datawal: error: line 5: "));
  }
  EXPECT_FALSE(std::filesystem::exists(store()));
  EXPECT_EQ(output({"apply", "--atomic", store()}, {.in = good}),
            "{\"op\":\"put\",\"line\":1,\"txid\":2,\"segment\":1,\"offset\":59,\"len\":30,"
            "\"durable\":true}\n"
            "{\"op\":\"delete\",\"line\":3,\"txid\":3,\"segment\":1,\"offset\":89,\"len\":32,"
            "\"durable\":true}\n"
            "{\"op\":\"append\",\"line\":4,\"txid\":4,\"segment\":1,\"offset\":121,\"len\":29,"
            "\"durable\":true}\n");
  EXPECT_EQ(output({"get", store(), "--key", "a"}), "1");
  // What announces the batch is a frame for who counts those, and no record for others.
  const std::string scanned = output({"scan", store()});
  EXPECT_EQ(std::ranges::count(scanned, '\n'), 3);
  const std::string newest = output({"tail", "-n", "1", store()});
  EXPECT_EQ(std::ranges::count(newest, '\n'), 1);
  EXPECT_EQ(output({"tail", "--from-txid", "1", store()}), scanned);
  EXPECT_THAT(output({"report", store()}), HasSubstr("records_replayed:    4\n"));
  EXPECT_EQ(output({"apply", "--atomic", store()}, {.in = "\n"}), "");
}

TEST_F(ApplyCli, BlankLinesAreCountedAndPassedOver) {
  EXPECT_EQ(output({"apply", store()}, {.in = "\n \t\r\n{\"op\":\"append\",\"value\":\"\"}\n\n"}),
            "{\"op\":\"append\",\"line\":3,\"txid\":1,\"segment\":1,\"offset\":0,\"len\":28,"
            "\"durable\":true}\n");
  EXPECT_EQ(output({"apply", store()}), "");
}

TEST_F(ApplyCli, TheLastLineNeedsNoLineFeed) {
  EXPECT_THAT(output({"apply", store()}, {.in = "{\"op\":\"append\",\"value\":\"x\"}"}),
              HasSubstr("\"txid\":1,"));
}

TEST_F(ApplyCli, AWrongLineKeepsWhatIsBeforeIt) {
  const std::string good = "{\"op\":\"append\",\"value\":\"x\"}\n";
  for (const char* const sync : {"always", "batch=100", "end"}) {
    const std::string place = path(sync);
    const Outcome outcome = expect("exit 2", {"apply", "--sync", sync, place},
                                   {.in = good + good + "{\"op\":\"nonsense\"}\n" + good});
    EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 2) << sync;
    EXPECT_EQ(outcome.err, "datawal: error: line 3: unknown operation 'nonsense'\n");
    EXPECT_THAT(output({"report", place}), HasSubstr("records_replayed:    2\n"));
  }
}

TEST_F(ApplyCli, RefusesEveryKindOfWrongLine) {
  const auto error_of = [this](const std::string& line) {
    const Outcome outcome = expect("exit 2", {"apply", store()}, {.in = line + "\n"});
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("datawal: error: line 1: "));
    return outcome.err;
  };
  EXPECT_THAT(error_of("nonsense"), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("{\"op\":\"sync\"} x"), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("{\"op\":\"sync\""), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("an operation is a JSON object"));
  EXPECT_THAT(error_of("\"sync\""), HasSubstr("an operation is a JSON object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("the field 'op' is missing"));
  EXPECT_THAT(error_of("{\"op\":1}"), HasSubstr("every field must be a string"));
  EXPECT_THAT(error_of("{\"op\":{}}"), HasSubstr("every field must be a string"));
  EXPECT_THAT(error_of("{\"op\":\"sync\",\"extra\":\"\"}"), HasSubstr("unknown field 'extra'"));
  EXPECT_THAT(error_of("{\"op\":\"sync\",\"op\":\"sync\"}"), HasSubstr("'op' is there twice"));
  EXPECT_THAT(error_of("{\"op\":\"sync\",\"key\":\"k\"}"), HasSubstr("'sync' takes no key"));
  EXPECT_THAT(error_of("{\"op\":\"put\",\"key\":\"k\"}"), HasSubstr("'value' and 'value_b64'"));
  EXPECT_THAT(error_of("{\"op\":\"put\",\"value\":\"v\"}"), HasSubstr("'key' and 'key_b64'"));
  EXPECT_THAT(error_of("{\"op\":\"delete\",\"key\":\"k\",\"key_b64\":\"aw==\"}"),
              HasSubstr("exactly one of"));
  EXPECT_THAT(error_of("{\"op\":\"delete\",\"key_b64\":\"aw\"}"), HasSubstr("base64"));
  EXPECT_THAT(error_of("{\"op\":\"append\",\"value\":\"\xff\"}"), HasSubstr("not JSON"));
  EXPECT_THAT(error_of(std::string("{\"op\":\"sync\"}\0", 14)), HasSubstr("NUL"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("an operation is a JSON object"));
  EXPECT_THAT(
      error_of("{\"op\":\"put\",\"key\":\"" + std::string(65'537, 'k') + "\",\"value\":\"\"}"),
      HasSubstr("65536"));
}

TEST_F(ApplyCli, TakesTheLargestValue) {
  const std::string line =
      "{\"op\":\"append\",\"value\":\"" + std::string(kPayloadSizeMax, 'v') + "\"}\n";
  EXPECT_THAT(output({"apply", store()}, {.in = line}), HasSubstr("\"len\":67108892"));
  const std::string larger =
      "{\"op\":\"append\",\"value\":\"" + std::string(kPayloadSizeMax + 1, 'v') + "\"}\n";
  EXPECT_THAT(expect("exit 2", {"apply", store()}, {.in = larger}).err, HasSubstr("67108864"));
}

TEST_F(ApplyCli, RefusesAWrongPolicy) {
  for (const char* const sync :
       {"", "never", "batch", "batch=", "batch=0", "batch=x", "batch=-1"}) {
    EXPECT_THAT(expect("exit 2", {"apply", "--sync", sync, store()}).err, HasSubstr("--sync"));
  }
  EXPECT_FALSE(std::filesystem::exists(store()));
}

// A conversation: whoever waits for an answer before the next operation must get it.
TEST_F(ApplyCli, AnswersAtOnceWhenTheInputPauses) {
  for (const char* const sync : {"always", "batch=100"}) {
    RunningCommand apply({"apply", "--sync", sync, path(sync)});
    for (int line = 1; line <= 20; ++line) {
      ASSERT_TRUE(apply.write("{\"op\":\"append\",\"value\":\"x\"}\n"));
      const std::optional<std::string> answer = apply.read_line();
      ASSERT_TRUE(answer) << sync << " line " << line;
      EXPECT_THAT(*answer, StartsWith("{\"op\":\"append\",\"line\":" + std::to_string(line) + ","));
    }
    apply.close_input();
    EXPECT_EQ(apply.read_rest(), "");
    EXPECT_EQ(apply.wait(), "exit 0");
  }
}

TEST_F(ApplyCli, HalfALineIsAPauseToo) {
  RunningCommand apply({"apply", "--sync", "batch=100", store()});
  ASSERT_TRUE(apply.write("{\"op\":\"append\",\"value\":\"x\"}\n{\"op\":\"app"));
  EXPECT_THAT(apply.read_line(), ::testing::Optional(HasSubstr("\"line\":1,")));
  ASSERT_TRUE(apply.write("end\",\"value\":\"y\"}\n"));
  EXPECT_THAT(apply.read_line(), ::testing::Optional(HasSubstr("\"line\":2,")));
  apply.close_input();
  EXPECT_EQ(apply.wait(), "exit 0");
}

TEST_F(ApplyCli, ASyncIsAnsweredUnderEveryPolicy) {
  RunningCommand apply({"apply", "--sync", "end", store()});
  ASSERT_TRUE(apply.write("{\"op\":\"append\",\"value\":\"x\"}\n{\"op\":\"sync\"}\n"));
  EXPECT_THAT(apply.read_line(), ::testing::Optional(HasSubstr("\"line\":1,")));
  EXPECT_THAT(apply.read_line(), ::testing::Optional(HasSubstr("\"line\":2,")));
  ASSERT_TRUE(apply.write("{\"op\":\"append\",\"value\":\"y\"}\n"));
  apply.close_input();
  EXPECT_THAT(apply.read_line(), ::testing::Optional(HasSubstr("\"line\":3,")));
  EXPECT_EQ(apply.wait(), "exit 0");
}

// What nobody has been told of need not be there; what is there is whole.
TEST_F(ApplyCli, StopsWhenNobodyReadsTheAcknowledgements) {
  RunningCommand apply({"apply", store()});
  ASSERT_TRUE(apply.write("{\"op\":\"append\",\"value\":\"x\"}\n"));
  ASSERT_TRUE(apply.read_line());
  apply.close_output();
  while (apply.write("{\"op\":\"append\",\"value\":\"x\"}\n")) {
  }
  EXPECT_EQ(apply.wait(), "exit 6");
  EXPECT_THAT(output({"verify", store()}), HasSubstr("crc_failures:        0\n"));
}

TEST_F(ApplyCli, AFullDeviceForAcknowledgementsIsAnError) {
  const Outcome outcome =
      expect("exit 6", {"apply", store()}, {.in = kEveryOperation, .out_file = "/dev/full"});
  EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
}

TEST_F(ApplyCli, HoldsTheLockWhileItRuns) {
  RunningCommand apply({"apply", store()});
  ASSERT_TRUE(apply.write("{\"op\":\"put\",\"key\":\"k\",\"value\":\"v\"}\n"));
  ASSERT_TRUE(apply.read_line());
  EXPECT_THAT(expect("exit 5", {"put", store(), "--key", "k", "w"}).err,
              HasSubstr(std::to_string(apply.pid())));
  EXPECT_EQ(output({"get", store(), "--key", "k"}), "v");
  apply.close_input();
  EXPECT_EQ(apply.wait(), "exit 0");
  output({"put", store(), "--key", "k", "w"});
}

}  // namespace
}  // namespace datawal::test::apply_test
