// tail.
#include <csignal>
#include <thread>

#include "cli/cli_test.h"

namespace datawal::test::tail_test {
namespace {

using TailCli = CliTest;

std::string last_line(const std::string& text) {
  const std::size_t feed = text.rfind('\n', text.size() - 2);
  return feed == std::string::npos ? text : text.substr(feed + 1);
}

TEST_F(TailCli, PrintsTheNewestRecords) {
  make_sample_store();
  const std::string all = output({"scan", store()});
  EXPECT_EQ(output({"tail", store()}), all);
  EXPECT_EQ(output({"tail", "-n", "5", store()}), all);
  EXPECT_EQ(output({"tail", "-n", "1", store()}), last_line(all));
  EXPECT_EQ(output({"tail", "-n", "0", store()}), "");
  for (int count = 1; count <= 7; ++count) {
    const std::string lines = output({"tail", "-n", std::to_string(count), store()});
    EXPECT_TRUE(all.ends_with(lines));
    EXPECT_EQ(std::ranges::count(lines, '\n'), std::min(count, 5));
  }
}

TEST_F(TailCli, PrintsTenRecordsIfNotTold) {
  std::string input;
  for (int line = 1; line <= 25; ++line) input += std::to_string(line) + "\n";
  output({"append", store(), "--lines", "-"}, {.in = input});
  const std::string lines = output({"tail", store()});
  EXPECT_EQ(std::ranges::count(lines, '\n'), 10);
  EXPECT_THAT(lines, HasSubstr("payload=16\n"));
  EXPECT_THAT(lines, ::testing::EndsWith("payload=25\n"));
}

TEST_F(TailCli, PrintsTheRecordFieldsAsJson) {
  make_sample_store();
  EXPECT_EQ(output({"tail", "--json", store()}), output({"scan", "--json", store()}));
}

TEST_F(TailCli, BeginsAtATxid) {
  make_sample_store();
  const std::string all = output({"scan", store()});
  EXPECT_EQ(output({"tail", "--from-txid", "0", store()}), all);
  EXPECT_EQ(output({"tail", "--from-txid", "1", store()}), all);
  EXPECT_EQ(output({"tail", "--from-txid", "5", store()}), last_line(all));
  EXPECT_EQ(output({"tail", "--from-txid", "6", store()}), "");
}

TEST_F(TailCli, ATxidThatIsNotInTheLogIsANegativeAnswer) {
  make_sample_store();
  expect("exit 1", {"tail", "--from-txid", "7", store()});
  expect("exit 1", {"tail", "-f", "--from-txid", "7", store()});
  std::filesystem::remove(store() + "/watermark");
  std::filesystem::remove(segment_path(store(), 1));
  const Outcome outcome = expect("exit 1", {"tail", "--from-txid", "2", store()});
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("txid 2"));
}

TEST_F(TailCli, ACountAndATxidExcludeEachOther) {
  make_sample_store();
  expect("exit 2", {"tail", "-n", "1", "--from-txid", "1", store()});
}

TEST_F(TailCli, TellsOfATornTailAndOfDamage) {
  make_torn_store();
  EXPECT_THAT(expect("exit 3", {"tail", "-n", "1", store()}).out, HasSubstr("key=c"));
  make_corrupt_store();
  // What is asked for lies behind the damage, and is not touched by it.
  EXPECT_THAT(output({"tail", "-n", "1", store()}), HasSubstr("key=d"));
  expect("exit 4", {"tail", "-n", "2", store()});
}

TEST_F(TailCli, FollowsALiveWriterAcrossRotations) {
  RunningCommand writer({"apply", store()});
  ASSERT_TRUE(writer.write("{\"op\":\"append\",\"value\":\"first\"}\n"));
  ASSERT_TRUE(writer.read_line());
  RunningCommand tail({"tail", "-f", store()});
  EXPECT_THAT(tail.read_line(), ::testing::Optional(HasSubstr("payload=first")));
  for (int number = 0; number < 20; ++number) {
    const std::string name = std::to_string(number);
    if (number % 5 == 0) {
      ASSERT_TRUE(writer.write("{\"op\":\"rotate\"}\n"));
      ASSERT_TRUE(writer.read_line());
    }
    ASSERT_TRUE(writer.write("{\"op\":\"put\",\"key\":\"k\",\"value\":\"" + name + "\"}\n"));
    EXPECT_THAT(tail.read_line(), ::testing::Optional(HasSubstr("key=k payload=" + name)));
    ASSERT_TRUE(writer.read_line());
  }
  tail.signal(SIGTERM);
  EXPECT_EQ(tail.read_rest(), "");
  EXPECT_EQ(tail.wait(), "exit 0");
  writer.close_input();
  EXPECT_EQ(writer.wait(), "exit 0");
}

TEST_F(TailCli, FollowsFromATxidOrFromTheEnd) {
  make_sample_store();
  RunningCommand from_txid({"tail", "-f", "--json", "--from-txid", "5", store()});
  EXPECT_THAT(from_txid.read_line(), ::testing::Optional(HasSubstr("\"txid\":5,")));
  RunningCommand from_start({"tail", "-f", "--json", "--from-txid", "0", store()});
  EXPECT_THAT(from_start.read_line(), ::testing::Optional(HasSubstr("\"txid\":1,")));
  RunningCommand newest({"tail", "-f", "--json", "-n", "1", store()});
  EXPECT_THAT(newest.read_line(), ::testing::Optional(HasSubstr("\"txid\":5,")));
  output({"append", store(), "new"});
  EXPECT_THAT(from_txid.read_line(), ::testing::Optional(HasSubstr("\"txid\":6,")));
  EXPECT_THAT(newest.read_line(), ::testing::Optional(HasSubstr("\"txid\":6,")));
  from_txid.signal(SIGINT);
  EXPECT_EQ(from_txid.wait(), "exit 0");
}

TEST_F(TailCli, FollowsAnEmptyLog) {
  std::filesystem::create_directory(store());
  RunningCommand tail({"tail", "-f", store()});
  output({"append", store(), "one"});
  EXPECT_THAT(tail.read_line(), ::testing::Optional(HasSubstr("payload=one")));
  tail.signal(SIGINT);
  EXPECT_EQ(tail.wait(), "exit 0");
}

// Nothing tells when it has begun to look, so records keep coming until one is shown.
TEST_F(TailCli, FollowsOnlyWhatIsNewIfNoneAreAskedFor) {
  make_sample_store();
  RunningCommand tail({"tail", "-f", "--json", "-n", "0", store()});
  std::jthread writer([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) output({"append", store(), "new"});
  });
  const std::optional<std::string> first = tail.read_line();
  const std::optional<std::string> second = tail.read_line();
  writer.request_stop();
  writer.join();
  ASSERT_TRUE(first && second);
  EXPECT_THAT(*first, Not(::testing::ContainsRegex("\"txid\":[1-5],")));
  EXPECT_THAT(*first, HasSubstr("\"payload_base64\":\"bmV3\""));
  tail.signal(SIGINT);
  (void)tail.read_rest();
  EXPECT_EQ(tail.wait(), "exit 0");
}

TEST_F(TailCli, EndsWhenNobodyReads) {
  make_sample_store();
  RunningCommand tail({"tail", "-f", "-n", "1", store()});
  ASSERT_TRUE(tail.read_line());
  tail.close_output();
  EXPECT_EQ(tail.wait(), "exit 0");
}

TEST_F(TailCli, AHalfWrittenRecordOfALiveWriterIsWaitedFor) {
  make_sample_store();
  RunningCommand tail({"tail", "-f", "-n", "1", store()});
  ASSERT_TRUE(tail.read_line());
  const std::string frame = encode({{RecordType::kRaw, 6, "", "in two parts"}});
  std::ofstream segment(segment_path(store(), 2), std::ios::binary | std::ios::app);
  segment << frame.substr(0, 30) << std::flush;
  segment << frame.substr(30) << std::flush;
  EXPECT_THAT(tail.read_line(), ::testing::Optional(HasSubstr("in two parts")));
}

}  // namespace
}  // namespace datawal::test::tail_test
