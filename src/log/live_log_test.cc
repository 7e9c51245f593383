// Real files, real processes: readers, followers and a second writer beside a writer that lives,
// or is killed.
#include <csignal>
#include <functional>
#include <thread>

#include "file/posix_test_support.h"
#include "format/names.h"
#include "log/log_test_support.h"

namespace datawal::live_log_test {
namespace {

using test::FailsWith;
using test::must;
using test::ScratchDirectory;
using test::Succeeds;

// So long that only a test that fails waits for it.
constexpr std::chrono::seconds kPatience{60};

// A process that runs `body` and ends with the status it returns. Killed at the end of the test.
class Child {
 public:
  explicit Child(const std::function<int()>& body) : process_(::fork()) {
    if (process_ != 0) return;
    int status = 99;
    try {
      status = body();
    } catch (const std::exception&) {
      status = 98;
    }
    ::_exit(status);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ > 0) (void)kill();
  }

  std::string wait() { return test::wait_for_end(std::exchange(process_, 0)); }
  std::string kill() {
    (void)::kill(process_, SIGKILL);
    return wait();
  }

 private:
  pid_t process_;
};

// The payload of the record with this txid: of varied length, and not to be mistaken for another.
std::string payload_of(Txid txid) {
  return std::to_string(txid) + std::string(txid * 37 % 3000, static_cast<char>('a' + txid % 26));
}

void append_up_to(RecordLog& log, Txid last) {
  while (log.last_txid() < last) must(log.append(as_bytes(payload_of(log.last_txid() + 1))));
}

// Reads from `follower` up to the record `last`; what is wrong, or nothing.
std::string follow_up_to(Follower& follower, Txid last) {
  for (Txid txid = follower.txid() + 1; txid <= last; ++txid) {
    const auto record = follower.next(kPatience);
    if (!record) return record.error().to_string();
    if (!*record) return "no record " + std::to_string(txid);
    if ((*record)->txid != txid) return "record " + std::to_string((*record)->txid);
    if (as_text((*record)->payload) != payload_of(txid)) return "another payload";
  }
  return "";
}

// What is wrong with a scan of the beginning of such a log, or nothing.
std::string check_scan(RecordCursor cursor, Txid* last) {
  Txid txid = 0;
  while (true) {
    const auto record = cursor.next();
    if (!record) return record.error().to_string();
    if (!*record) break;
    if ((*record)->txid != ++txid) return "record " + std::to_string((*record)->txid);
    if (as_text((*record)->payload) != payload_of(txid)) return "another payload";
  }
  if (txid < *last) return "fewer records than before";
  *last = txid;
  return "";
}

TEST(LiveLog, AFollowerInAnotherProcessSeesEveryRecordAcrossRotations) {
  constexpr Txid kLast = 3000;
  const ScratchDirectory scratch;
  must(RecordLog::open(scratch / "log"));
  Child writer([&] {
    RecordLog log = must(RecordLog::open(scratch / "log", {.segment_size_max = 100'000}));
    append_up_to(log, kLast);
    must(log.close());
    return 0;
  });
  Follower follower = must(must(RecordLogReader::open(scratch / "log")).follow());
  EXPECT_EQ(follow_up_to(follower, kLast), "");
  EXPECT_EQ(writer.wait(), "exit 0");
  EXPECT_GT(must(RecordLogReader::open(scratch / "log")).segments().size(), 10U);
}

TEST(LiveLog, AFollowerInAnotherThreadSeesEveryRecord) {
  constexpr Txid kLast = 2000;
  const ScratchDirectory scratch;
  RecordLog log = must(RecordLog::open(scratch / "log", {.segment_size_max = 100'000}));
  Follower follower = must(must(RecordLogReader::open(scratch / "log")).follow());
  std::string trouble = "not run";
  std::thread reading([&] { trouble = follow_up_to(follower, kLast); });
  append_up_to(log, kLast);
  reading.join();
  EXPECT_EQ(trouble, "");
}

TEST(LiveLog, AReaderBesideALiveWriterNeverSeesDamage) {
  constexpr Txid kLast = 4000;
  const ScratchDirectory scratch;
  must(RecordLog::open(scratch / "log"));
  Child writer([&] {
    RecordLog log = must(RecordLog::open(scratch / "log", {.segment_size_max = 500'000}));
    while (log.last_txid() < kLast) {
      append_up_to(log, log.last_txid() + 100);
      must(log.sync());
    }
    must(log.close());
    return 0;
  });
  Txid last = 0;
  while (last < kLast) {
    const RecordLogReader reader = must(RecordLogReader::open(scratch / "log"));
    ASSERT_EQ(check_scan(reader.scan(), &last), "");
  }
  EXPECT_EQ(writer.wait(), "exit 0");
}

TEST(LiveLog, AFollowerGoesOnWhenTheWriterIsKilledAndAnotherOneTakesOver) {
  const ScratchDirectory scratch;
  must(RecordLog::open(scratch / "log"));
  Follower follower = must(must(RecordLogReader::open(scratch / "log")).follow());
  for (int round = 0; round < 5; ++round) {
    Child writer([&] {
      RecordLog log = must(RecordLog::open(scratch / "log", {.segment_size_max = 200'000}));
      append_up_to(log, 1'000'000);
      return 0;
    });
    EXPECT_EQ(follow_up_to(follower, follower.txid() + 100), "");
    EXPECT_EQ(writer.kill(), "signal 9");
    // What a kill in the middle of a write leaves.
    const SegmentId active = must(RecordLogReader::open(scratch / "log")).segments().back();
    std::ofstream(scratch / "log" / segment_name(active), std::ios::binary | std::ios::app)
        << "DWAL\x01";
  }
  RecordLog log = must(RecordLog::open(scratch / "log"));
  EXPECT_EQ(log.recovery_report().tail_truncated, 1U);
  append_up_to(log, log.last_txid() + 10);
  EXPECT_EQ(follow_up_to(follower, log.last_txid()), "");
}

TEST(LiveLog, ASecondProcessIsLockedOutUntilTheFirstIsKilled) {
  const ScratchDirectory scratch;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  Child writer([&] {
    const RecordLog log = must(RecordLog::open(scratch / "log"));
    if (::write(ends[1], "x", 1) != 1) return 1;
    ::pause();
    return 0;
  });
  char ready = 0;
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);
  EXPECT_THAT(RecordLog::open(scratch / "log"), FailsWith(ErrorCode::kLocked));
  EXPECT_EQ(writer.kill(), "signal 9");
  EXPECT_THAT(RecordLog::open(scratch / "log"), Succeeds());
  (void)::close(ends[0]);
  (void)::close(ends[1]);
}

TEST(LiveLog, AForkedProcessThatDropsItsCopyDoesNotReleaseTheLock) {
  const ScratchDirectory scratch;
  std::optional<RecordLog> log = must(RecordLog::open(scratch / "log"));
  Child forked([&] {
    log.reset();
    return 0;
  });
  EXPECT_EQ(forked.wait(), "exit 0");
  EXPECT_THAT(RecordLog::open(scratch / "log"), FailsWith(ErrorCode::kLocked));
}

TEST(LiveLog, AReaderReadsWhatItMayReadAndNothingMore) {
  const ScratchDirectory scratch;
  {
    RecordLog log = must(RecordLog::open(scratch / "log"));
    append_up_to(log, 10);
  }
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(scratch / "log", std::filesystem::perms{0555});
  const std::string trouble = test::run_in_child([&]() -> std::string {
    test::become_nobody();
    const auto reader = RecordLogReader::open(scratch / "log");
    if (!reader) return reader.error().to_string();
    Txid last = 10;
    const std::string scanned = check_scan(reader->scan(), &last);
    const auto writer = RecordLog::open(scratch / "log");
    if (writer || writer.error().code != ErrorCode::kIo) return "not refused";
    return scanned.empty() ? "all read" : scanned;
  });
  EXPECT_EQ(trouble, "all read");
}

}  // namespace
}  // namespace datawal::live_log_test
