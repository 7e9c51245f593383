// SIGKILL in the middle of the work: what was acknowledged is there, and what is written next
// survives too.
#include <chrono>
#include <csignal>
#include <map>
#include <random>
#include <thread>

#include "cli/cli_test.h"

namespace datawal::test::kill_test {
namespace {

constexpr unsigned kSeed = 20'240'817;
constexpr unsigned kTornValueSize = 200;
constexpr unsigned kTornSizeMax = 28 + 4 + kTornValueSize - 1;  // of its frame but the last byte

// The number behind `"name":` in a line of JSON.
std::uint64_t number_in(const std::string& line, const std::string& name) {
  const std::size_t at = line.find("\"" + name + "\":");
  if (at == std::string::npos) return 0;
  return std::stoull(line.substr(at + name.size() + 3));
}

class KillCli : public CliTest {
 protected:
  // The payloads of all records by txid, as another process reads them.
  std::map<Txid, std::string> records() {
    std::map<Txid, std::string> found;
    const Result<RecordLogReader> reader = RecordLogReader::open(store());
    EXPECT_TRUE(reader);
    if (!reader) return found;
    RecordCursor cursor = reader->scan();
    while (true) {
      const Result<std::optional<ScannedRecord>> record = cursor.next();
      EXPECT_TRUE(record) << record.error().to_string();
      if (!record || !*record) return found;
      EXPECT_TRUE(found.emplace((*record)->txid, as_text((*record)->payload)).second);
    }
  }

  // The last segment of the store.
  std::filesystem::path active_segment() {
    std::filesystem::path last;
    for (const auto& entry : std::filesystem::directory_iterator(store())) {
      if (entry.path().extension() == ".dwal") last = std::max(last, entry.path());
    }
    return last;
  }

  // Leaves the beginning of a record behind the last one, as a kill within a write does.
  void tear_tail(std::size_t size, Txid txid) {
    const std::string frame =
        encode({{RecordType::kPut, txid, "torn", std::string(kTornValueSize, 't')}});
    std::ofstream(active_segment(), std::ios::binary | std::ios::app) << frame.substr(0, size);
  }

  // What must be there: payloads by txid.
  std::map<Txid, std::string> acknowledged_;

  void expect_acknowledged() {
    const std::map<Txid, std::string> found = records();
    for (const auto& [txid, payload] : acknowledged_) {
      const auto record = found.find(txid);
      ASSERT_NE(record, found.end()) << "txid " << txid << " is lost";
      ASSERT_EQ(record->second, payload) << "txid " << txid;
    }
  }
};

class ApplyKillCli : public KillCli, public ::testing::WithParamInterface<const char*> {
 protected:
  // The operation of a line; every 50th rotates.
  static std::string operation(unsigned round, std::uint64_t line) {
    if (line % 50 == 0) return "{\"op\":\"rotate\"}\n";
    return "{\"op\":\"put\",\"key\":\"key " + std::to_string(line % 17) + "\",\"value\":\"" +
           payload(round, line) + "\"}\n";
  }

  static std::string payload(unsigned round, std::uint64_t line) {
    return std::to_string(round) + "/" + std::to_string(line) + std::string(line * 37 % 900, '.');
  }

  void note_acknowledgement(const std::string& line, unsigned round) {
    if (!line.starts_with("{\"op\":\"put\"") || !line.ends_with("}")) return;
    acknowledged_[number_in(line, "txid")] = payload(round, number_in(line, "line"));
  }

  // Feeds an apply as fast as it takes it, and kills it after `count` acknowledgements.
  void run_round(unsigned round, unsigned count) {
    RunningCommand apply({"apply", "--sync", GetParam(), store()});
    std::thread feeder([&] {
      for (std::uint64_t line = 1; apply.write(operation(round, line)); ++line) {
      }
    });
    for (unsigned number = 0; number < count; ++number) {
      const std::optional<std::string> line = apply.read_line();
      if (!line) break;
      note_acknowledgement(*line, round);
    }
    apply.signal(SIGKILL);
    while (const std::optional<std::string> line = apply.read_line()) {
      note_acknowledgement(*line, round);
    }
    feeder.join();
    EXPECT_EQ(apply.wait(), "signal 9");
  }
};

TEST_P(ApplyKillCli, LosesNothingThatWasAcknowledged) {
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  for (unsigned round = 0; round < 12; ++round) {
    const unsigned count = 1 + static_cast<unsigned>(random()) % 120;
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round) +
                 " killed after " + std::to_string(count));
    run_round(round, count);
    expect_acknowledged();
    if (round % 2 == 1) tear_tail(1 + random() % kTornSizeMax, records().rbegin()->first + 1);
    const std::string next = "written after kill " + std::to_string(round);
    const Outcome put = run_command({"put", "--json", store(), "--key", "next", next});
    ASSERT_EQ(put.end, "exit 0") << put.err;
    acknowledged_[number_in(put.out, "txid")] = next;
    expect_acknowledged();
    ASSERT_EQ(output({"get", store(), "--key", "next"}), next);
    output({"verify", store()});
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, ApplyKillCli, ::testing::Values("always", "batch=10"),
                         [](const auto& policy) {
                           return std::string(policy.param).starts_with("batch") ? "Batch"
                                                                                 : "Always";
                         });

// Under "end" nothing is acknowledged while the input lasts, and the store is sound all the same.
TEST_F(KillCli, ApplyThatSyncsAtTheEndLeavesASoundStore) {
  RunningCommand apply({"apply", "--sync", "end", store()});
  std::thread feeder([&] {
    while (apply.write("{\"op\":\"append\",\"value\":\"x\"}\n")) {
    }
  });
  // As soon as another process sees a record, the work is under way.
  while (!std::filesystem::exists(segment_path(store(), 1)) || records().empty()) {
    std::this_thread::yield();
  }
  apply.signal(SIGKILL);
  feeder.join();
  EXPECT_EQ(apply.read_rest(), "");
  EXPECT_EQ(apply.wait(), "signal 9");
  const std::size_t count = records().size();
  EXPECT_EQ(run_command({"append", store(), "next"}).end, "exit 0");
  EXPECT_GE(records().size(), count + 1);
  output({"verify", store()});
}

TEST_F(KillCli, PutLosesNothingThatItHasTold) {
  std::mt19937 random(kSeed);
  for (unsigned round = 0; round < 60; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    const std::string value = std::to_string(round) + std::string(random() % 5000, 'v');
    RunningCommand put({"put", "--json", store(), "--key", "k" + std::to_string(round % 7), value});
    // Any moment will do; these are spread over what a put takes.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    put.signal(SIGKILL);
    const std::optional<std::string> told = put.read_line();
    if (told) acknowledged_[number_in(*told, "txid")] = value;
    (void)put.wait();
    if (!std::filesystem::exists(segment_path(store(), 1))) continue;
    expect_acknowledged();
    // Only behind a record: two stumps in a row are not what a kill leaves.
    if (told && round % 2 == 1)
      tear_tail(1 + random() % kTornSizeMax, acknowledged_.rbegin()->first + 1);
  }
  EXPECT_EQ(run_command({"put", store(), "--key", "last", "one"}).end, "exit 0");
  EXPECT_EQ(output({"get", store(), "--key", "last"}), "one");
  expect_acknowledged();
  output({"verify", store()});
}

TEST_F(KillCli, AnAppendOfManyLinesLeavesWholeRecordsInOrder) {
  RunningCommand append({"append", "--lines", store(), "-"});
  std::thread feeder([&] {
    for (std::uint64_t line = 1; append.write(std::to_string(line) + "\n"); ++line) {
    }
  });
  while (!std::filesystem::exists(segment_path(store(), 1)) || records().empty()) {
    std::this_thread::yield();
  }
  append.signal(SIGKILL);
  feeder.join();
  EXPECT_EQ(append.wait(), "signal 9");
  EXPECT_EQ(run_command({"rotate", store()}).end, "exit 0");
  Txid txid = 0;
  for (const auto& [found, payload] : records()) {
    ASSERT_EQ(found, ++txid);
    ASSERT_EQ(payload, std::to_string(txid));
  }
}

}  // namespace
}  // namespace datawal::test::kill_test
