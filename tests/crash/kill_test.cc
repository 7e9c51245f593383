// Real processes that write through the library to a real directory, killed at any moment by
// SIGKILL. What they had said was written is there; what is written next survives.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "datawal/data_wal.h"
#include "datawal/record_log_reader.h"
#include "file/posix_test_support.h"
#include "format/names.h"
#include "support/records.h"
#include "support/soak.h"

namespace datawal::test::kill_test {
namespace {

constexpr std::uint64_t kSeed = 4711;

// One line of what a child says it has done.
struct Message {
  std::uint64_t count;    // records in the log
  std::uint64_t is_sync;  // they are durable; the end of the log is where the rest says
  std::uint64_t segment;
  std::uint64_t offset;
};

// A child process that runs `work`, and what it says through a pipe.
class Child {
 public:
  using Tell = std::function<void(const Message&)>;

  explicit Child(const std::function<void(const Tell&)>& work) {
    std::array<int, 2> ends = {};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    process_ = ::fork();
    if (process_ < 0) throw std::runtime_error("fork");
    if (process_ == 0) {
      const int pipe = ends[1];
      work([pipe](const Message& message) {
        if (::write(pipe, &message, sizeof(message)) != sizeof(message)) ::_exit(1);
      });
      ::_exit(2);  // it should have been killed
    }
    reader_ = UniqueFd(ends[0]);
    (void)::close(ends[1]);
  }

  [[nodiscard]] std::optional<Message> hear() {
    Message message = {};
    const ssize_t size =
        retry_interrupted([&] { return ::read(reader_.get(), &message, sizeof(message)); });
    return size == sizeof(message) ? std::optional(message) : std::nullopt;
  }

  // Says how it ended.
  [[nodiscard]] std::string kill() {
    (void)::kill(process_, SIGKILL);
    return test::wait_for_end(process_);
  }

 private:
  pid_t process_ = -1;
  UniqueFd reader_;
};

Record record_of(std::uint64_t number) {
  constexpr std::size_t kSizes[] = {10, 0, 300, 5000, 40, 9000, 1, 700};
  const std::size_t size = kSizes[number % std::size(kSizes)];
  const std::string key = "key " + std::to_string(number % 7);
  Record record = number % 5 == 0   ? removal_of(key)
                  : number % 3 == 0 ? raw_of(noise(number, size))
                                    : put_of(key, noise(number, size));
  record.txid = number;
  return record;
}

Options small_segments() {
  return {.segment_size_max = 60'000};
}

// Appends for ever. Everything that fails ends the process by a number that is no signal.
void write_for_ever(const std::filesystem::path& store, std::uint64_t seed,
                    const Child::Tell& tell) {
  std::mt19937_64 random(seed);
  Result<RecordLog> log = RecordLog::open(store, small_segments());
  if (!log) ::_exit(3);
  while (true) {
    const Record record = record_of(log->last_txid() + 1);
    if (!log->append_record(record.type, record.key, record.payload)) ::_exit(4);
    tell({log->last_txid(), 0, 0, 0});
    const std::uint64_t dice = random() % 32;
    if (dice == 0 && !log->rotate()) ::_exit(5);
    if (dice > 4) continue;
    if (!log->sync()) ::_exit(6);
    tell({log->last_txid(), 1, static_cast<std::uint64_t>(log->end().segment), log->end().offset});
  }
}

// Lets some time pass, so that the child is somewhere else each time it is killed.
void spin(std::uint64_t count) {
  for (; count > 0; --count) std::atomic_signal_fence(std::memory_order_seq_cst);
}

// What was said to be in the log, and what the parent knows must be.
struct Said {
  std::uint64_t written = 0;
  std::uint64_t synced = 0;
  Position synced_end = {};

  void hear(const Message& message) {
    written = std::max(written, message.count);
    if (message.is_sync == 0) return;
    synced = std::max(synced, message.count);
    synced_end = {SegmentId{static_cast<std::uint32_t>(message.segment)}, message.offset};
  }
};

class KillTest : public ::testing::Test {
 protected:
  // Lets a child write until it has said a random number of things, and kills it.
  void let_write_and_kill() {
    Child child([&](const Child::Tell& tell) { write_for_ever(store_, random_(), tell); });
    for (std::uint64_t left = random_() % 40; left > 0; --left) {
      const std::optional<Message> message = child.hear();
      ASSERT_TRUE(message);
      said_.hear(*message);
    }
    spin(random_() % 20'000);
    ASSERT_EQ(child.kill(), "signal 9");
    while (const std::optional<Message> message = child.hear()) said_.hear(*message);
  }

  // Cuts the last segment inside what was not synced. What is lost by that was not acknowledged as
  // durable.
  void tear() {
    std::filesystem::path last;
    for (const auto& entry : std::filesystem::directory_iterator(store_)) {
      if (parse_segment_name(entry.path().filename().string())) last = std::max(last, entry.path());
    }
    const std::uint64_t size = std::filesystem::file_size(last);
    const bool has_synced = last.filename() == segment_name(said_.synced_end.segment);
    const std::uint64_t size_min = has_synced ? said_.synced_end.offset : 0;
    if (size <= size_min) return;
    std::filesystem::resize_file(last, size_min + random_() % (size - size_min));
    said_.written = said_.synced;
    ++tear_count_;
  }

  // The store opens and holds what was said; one more record is written, durably.
  void check() {
    Result<RecordLog> log = RecordLog::open(store_, small_segments());
    ASSERT_TRUE(log) << log.error().to_string();
    const Reading reading = reading_of(log->scan());
    ASSERT_FALSE(reading.error) << reading.error->to_string();
    ASSERT_GE(reading.records.size(), said_.written);
    for (std::size_t index = 0; index < reading.records.size(); ++index) {
      ASSERT_EQ(reading.records[index], record_of(index + 1));
    }
    const Record next = record_of(reading.records.size() + 1);
    ASSERT_TRUE(log->append_record(next.type, next.key, next.payload));
    ASSERT_TRUE(log->sync());
    said_ = {next.txid, next.txid, log->end()};
    quarantine_count_ += log->recovery_report().tail.quarantine.empty() ? 0 : 1;
  }

  const test::ScratchDirectory scratch_;
  std::filesystem::path store_ = scratch_ / "store";
  std::mt19937_64 random_{kSeed};
  Said said_;
  int tear_count_ = 0;
  int quarantine_count_ = 0;
};

TEST_F(KillTest, WhatWasSaidToBeWrittenIsThere) {
  constexpr int kStoreCount = 8;
  constexpr int kRoundCount = 30;
  for (std::uint64_t number = 0; number < kStoreCount * soak_factor(); ++number) {
    store_ = scratch_ / ("store" + std::to_string(number));
    said_ = {};
    for (int round = 0; round < kRoundCount && !HasFailure(); ++round) {
      SCOPED_TRACE("store " + std::to_string(number) + " round " + std::to_string(round));
      let_write_and_kill();
      if (random_() % 3 == 0) tear();
      check();
    }
    std::filesystem::remove_all(store_);
  }
  EXPECT_GT(tear_count_, 20);
  EXPECT_GT(quarantine_count_, 10);
}

TEST_F(KillTest, CopiesAreWholeOrNotThere) {
  KeyValues expected;
  Result<DataWal> store = DataWal::open(store_);
  ASSERT_TRUE(store);
  for (int number = 0; number < 400; ++number) {
    const std::string key = "key " + std::to_string(number);
    const Bytes value = noise(static_cast<std::uint64_t>(number), 500);
    ASSERT_TRUE(store->put(as_bytes(key), value));
    expected[key] = as_text(value);
  }
  ASSERT_TRUE(store->close());
  const std::filesystem::path compact = scratch_ / "compact";
  const std::filesystem::path exported = scratch_ / "export.jsonl";
  int whole_count = 0;
  for (int round = 0; round < 40 && !HasFailure(); ++round) {
    std::filesystem::remove_all(compact);
    std::filesystem::remove(exported);
    Child child([&](const Child::Tell& tell) {
      const Result<DataWal> source = DataWal::open_read_only(store_);
      if (!source) ::_exit(3);
      tell({});
      if (!source->compact_to(compact) || !source->export_jsonl(exported)) ::_exit(4);
      tell({});
      while (true) ::pause();
    });
    ASSERT_TRUE(child.hear());
    spin(random_() % 3'000'000);
    ASSERT_EQ(child.kill(), "signal 9");
    if (std::filesystem::exists(compact)) {
      const Result<DataWal> copy = DataWal::open_read_only(compact);
      ASSERT_TRUE(copy) << copy.error().to_string();
      EXPECT_EQ(fold(reading_of(copy->scan()).records), expected);
      ++whole_count;
    }
    if (std::filesystem::exists(exported)) {
      Result<DataWal> copy = DataWal::open(scratch_ / ("imported" + std::to_string(round)));
      ASSERT_TRUE(copy);
      const Result<ImportStats> imported = copy->import_jsonl(exported);
      ASSERT_TRUE(imported) << imported.error().to_string();
      EXPECT_EQ(fold(reading_of(copy->scan()).records), expected);
    }
  }
  const Result<DataWal> source = DataWal::open(store_);
  ASSERT_TRUE(source);
  EXPECT_EQ(fold(reading_of(source->scan()).records), expected);
  RecordProperty("whole", whole_count);
}

}  // namespace
}  // namespace datawal::test::kill_test
