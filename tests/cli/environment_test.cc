// What surrounds the command: missing and foreign places, full and read-only disks, other
// processes, closed pipes; and every exit code.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <map>
#include <utility>

#include "cli/cli_test.h"

namespace datawal::test::environment_test {
namespace {

// Every command that only looks, as it is run on a store.
std::vector<Words> looking_commands(const std::string& store) {
  return {{"scan", store},
          {"dump", store},
          {"get", store, "--key", "alpha"},
          {"history", store, "--key", "alpha"},
          {"tail", store},
          {"info", store},
          {"segments", store},
          {"report", store},
          {"verify", store},
          {"check", store},
          {"repair", store},
          {"export", store, "-"}};
}

// Every command that changes the store.
std::vector<Words> changing_commands(const std::string& store) {
  return {{"put", store, "--key", "k", "v"},
          {"delete", store, "--key", "alpha"},
          {"append", store, "x"},
          {"rotate", store},
          {"apply", store},
          {"import", store, "-"},
          {"repair", "--apply", store}};
}

Words as_json(Words words) {
  words.insert(words.begin(), "--json");
  return words;
}

class EnvironmentCli : public CliTest {
 protected:
  // Runs `body` where a tmpfs of one MiB is mounted at disk(), for this test alone.
  void on_small_disk(const std::function<void()>& body) {
    std::filesystem::create_directory(disk());
    const std::string trouble = run_in_child([&]() -> std::string {
      const std::string refusal = mount_tmpfs(disk(), "1m");
      if (!refusal.empty()) return refusal;
      body();
      return ::testing::Test::HasFailure() ? "see above" : "";
    });
    EXPECT_EQ(trouble, "");
  }
  [[nodiscard]] std::string disk() const { return path("disk"); }

  static void allow(const std::filesystem::path& place, unsigned mode) {
    std::filesystem::permissions(place, std::filesystem::perms{mode});
  }

  // Runs `body` as a user for whom permissions mean something, with a copy of the command that this
  // user can reach.
  void as_nobody(const std::function<void(const CommandOptions&)>& body) {
    CommandOptions options;
    options.program = path("datawal");
    std::filesystem::copy_file(DATAWAL_CLI_PATH, options.program,
                               std::filesystem::copy_options::overwrite_existing);
    allow(options.program, 0555);
    allow(directory(), 0755);
    const std::string trouble = run_in_child([&]() -> std::string {
      become_nobody();
      body(options);
      return ::testing::Test::HasFailure() ? "see above" : "";
    });
    EXPECT_EQ(trouble, "");
    allow(directory(), 0700);
  }

  void expect_denied(const Words& words, const CommandOptions& options) {
    const Outcome outcome = expect("exit 6", words, options);
    EXPECT_EQ(outcome.out, "") << words[0];
    EXPECT_THAT(outcome.err, HasSubstr("Permission denied")) << words[0];
  }
};

TEST_F(EnvironmentCli, LookingAtAMissingStoreCreatesNothing) {
  for (const Words& words : looking_commands(path("missing"))) {
    for (const Words& each : {words, as_json(words)}) {
      const Outcome outcome = expect("exit 6", each);
      EXPECT_EQ(outcome.out, "");
      EXPECT_THAT(outcome.err, StartsWith("datawal: error: "));
      EXPECT_THAT(outcome.err, HasSubstr(path("missing")));
    }
  }
  expect("exit 6", {"compact", path("missing"), path("target")});
  expect("exit 6", {"export", path("missing"), path("out.jsonl")});
  expect("exit 6", {"salvage", path("missing"), path("target")});
  EXPECT_EQ(names_in(directory()), "");
}

TEST_F(EnvironmentCli, AFileIsNoStore) {
  write_text(path("file"), "text");
  for (const Words& words : looking_commands(path("file"))) {
    const Outcome outcome = run_command(words);
    EXPECT_TRUE(outcome.end == "exit 6" || outcome.end == "exit 2") << words[0] << outcome.end;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(read_text(path("file")), "text");
}

TEST_F(EnvironmentCli, AnEmptyPathIsRefused) {
  for (Words words : looking_commands("")) {
    expect("exit 2", words, {.directory = directory()});
  }
  for (Words words : changing_commands("")) {
    expect("exit 2", words, {.directory = directory()});
  }
  EXPECT_EQ(names_in(directory()), "");
}

TEST_F(EnvironmentCli, LookingChangesNothing) {
  make_sample_store();
  const std::string before = contents_of(store());
  for (const Words& words : looking_commands(store())) {
    output(words);
    output(as_json(words));
  }
  EXPECT_EQ(contents_of(store()), before);
}

TEST_F(EnvironmentCli, LookingLeavesATornTailAlone) {
  make_torn_store();
  const std::string before = contents_of(store());
  for (const Words& words : looking_commands(store())) (void)run_command(words);
  EXPECT_EQ(contents_of(store()), before);
}

TEST_F(EnvironmentCli, LookingWorksBesideALiveWriter) {
  make_sample_store();
  RunningCommand writer({"apply", store()});
  ASSERT_TRUE(writer.write("{\"op\":\"put\",\"key\":\"live\",\"value\":\"1\"}\n"));
  ASSERT_TRUE(writer.read_line());
  for (const Words& words : looking_commands(store())) output(words);
  EXPECT_EQ(output({"get", store(), "--key", "live"}), "1");
  expect("exit 0", {"compact", store(), path("target")});
  output({"salvage", store(), path("rescued")});
  for (const Words& words : changing_commands(store())) {
    const Outcome outcome = expect("exit 5", words);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(std::to_string(writer.pid()))) << words[0];
  }
  ASSERT_TRUE(writer.write("{\"op\":\"sync\"}\n"));
  ASSERT_TRUE(writer.read_line());
}

// Whoever holds the lock is in the middle of a record: that is no damage. Once it is gone, it is.
TEST_F(EnvironmentCli, AnUnfinishedRecordOfALiveWriterIsNoDamage) {
  make_torn_store();
  const std::string lock = store() + "/.lock";
  UniqueFd writer(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::flock(writer.get(), LOCK_EX | LOCK_NB), 0);
  for (const Words& words : looking_commands(store())) {
    if (words[0] == "repair") continue;
    const Outcome outcome = run_command(words);
    EXPECT_THAT(outcome.end, ::testing::AnyOf("exit 0", "exit 1")) << words[0];
    EXPECT_THAT(outcome.err, Not(HasSubstr("torn"))) << words[0];
  }
  EXPECT_THAT(output({"report", "--json", store()}),
              HasSubstr("\"tail_truncated\":0,\"tail_bytes_discarded\":0"));
  EXPECT_THAT(output({"verify", "--json", store()}),
              HasSubstr("\"crc_failures\":0,\"tail_truncated\":0,\"tail_bytes_discarded\":0"));
  writer = UniqueFd();
  expect("exit 3", {"report", store()});
}

TEST_F(EnvironmentCli, LookingWorksOnAReadOnlyDisk) {
  on_small_disk([this] {
    const std::string place = disk() + "/state";
    output({"put", place, "--key", "alpha", "1"});
    ASSERT_EQ(remount_read_only(disk()), "");
    for (const Words& words : looking_commands(place)) output(words);
    output({"compact", place, path("target")});
    output({"salvage", place, path("rescued")});
    for (const Words& words : changing_commands(place)) {
      const Outcome outcome = expect("exit 6", words);
      EXPECT_EQ(outcome.out, "");
      EXPECT_THAT(outcome.err, HasSubstr("ead-only")) << words[0];
    }
    expect("exit 6", {"export", place, disk() + "/out.jsonl"});
    expect("exit 6", {"compact", place, disk() + "/target"});
    // From one filesystem to another, where nothing can be linked.
    for (const char* const name : {"snapshot", "backup", "restore"}) {
      EXPECT_THAT(output({name, place, path(name)}), HasSubstr("segments_copied:    1\n"));
      EXPECT_EQ(output({"scan", path(name)}), output({"scan", place}));
      expect("exit 6", {name, place, disk() + "/copy"});
    }
  });
}

TEST_F(EnvironmentCli, LookingWorksOnAFullDisk) {
  on_small_disk([this] {
    const std::string place = disk() + "/state";
    output({"put", place, "--key", "alpha", "1"});
    write_text(disk() + "/filler", std::string(2 * 1024 * 1024, 'x'));
    const Outcome full =
        expect("exit 6", {"put", place, "--key", "k", "-"}, {.in = std::string(100'000, 'x')});
    EXPECT_EQ(full.out, "");
    EXPECT_THAT(full.err, HasSubstr("space"));
    for (const Words& words : looking_commands(place)) {
      const Outcome outcome = run_command(words);
      EXPECT_THAT(outcome.end, ::testing::AnyOf("exit 0", "exit 3")) << words[0];
    }
    EXPECT_EQ(run_command({"get", place, "--key", "alpha"}).out, "1");
    expect("exit 6", {"append", place, std::string(5000, 'y')});
    expect("exit 6", {"export", place, disk() + "/out.jsonl"});
    EXPECT_FALSE(std::filesystem::exists(disk() + "/out.jsonl"));
    std::filesystem::remove(disk() + "/filler");
    expect("exit 0", {"put", place, "--key", "beta", "2"});
    EXPECT_EQ(output({"get", place, "--key", "alpha"}), "1");
    EXPECT_EQ(output({"get", place, "--key", "beta"}), "2");
    output({"verify", place});
  });
}

TEST_F(EnvironmentCli, ApplyAcknowledgesNothingThatDidNotFit) {
  on_small_disk([this] {
    const std::string place = disk() + "/state";
    std::string input;
    const std::string value(10'000, 'x');
    for (int line = 1; line <= 200; ++line) {
      input += "{\"op\":\"append\",\"value\":\"" + value + "\"}\n";
    }
    for (const char* const sync : {"always", "batch=7", "end"}) {
      const Outcome outcome = expect("exit 6", {"apply", "--sync", sync, place}, {.in = input});
      EXPECT_THAT(outcome.err, HasSubstr("space")) << sync;
      const auto acknowledged = std::ranges::count(outcome.out, '\n');
      EXPECT_LT(acknowledged, 200);
      write_segment(path(sync), 1, read_text(segment_path(place, 1)));
      std::filesystem::remove_all(place);
      expect("exit 0", {"append", path(sync), "more"});
      const std::string report = output({"scan", "--json", path(sync)});
      EXPECT_GT(std::ranges::count(report, '\n'), acknowledged) << sync;
    }
  });
}

// Everything of it may be read by everybody, and written by nobody.
TEST_F(EnvironmentCli, AStoreThatMayOnlyBeReadIsReadAndNotChanged) {
  make_sample_store();
  const std::string before = contents_of(store());
  for (const auto& entry : std::filesystem::directory_iterator(store())) allow(entry.path(), 0444);
  allow(store(), 0555);
  as_nobody([this](const CommandOptions& options) {
    for (const Words& words : looking_commands(store())) output(words, options);
    for (const Words& words : changing_commands(store())) {
      expect_denied(words, options);
    }
    expect_denied({"export", store(), path("out.jsonl")}, options);
    expect_denied({"compact", store(), path("target")}, options);
    expect_denied({"salvage", store(), path("rescued")}, options);
    for (const char* const name : {"snapshot", "backup", "restore"}) {
      expect_denied({name, store(), path("copy")}, options);
    }
    expect_denied({"put", path("new"), "--key", "k", "v"}, options);
    expect_denied({"import", path("parents/that/are/missing"), "-"}, options);
  });
  EXPECT_EQ(contents_of(store()), before);
  EXPECT_FALSE(std::filesystem::exists(path("out.jsonl")));
}

TEST_F(EnvironmentCli, WhatMayNotBeReadIsAnErrorAndNoEmptyStore) {
  make_sample_store();
  const std::filesystem::path segment = segment_path(store(), 1);
  for (const auto& place : {segment, std::filesystem::path(store())}) {
    allow(place, 0);
    as_nobody([this](const CommandOptions& options) {
      for (const Words& words : looking_commands(store())) expect_denied(words, options);
      expect_denied({"compact", store(), path("target")}, options);
    });
  }
  allow(store(), 0755);
}

TEST_F(EnvironmentCli, AValueFileThatMayNotBeReadIsAnError) {
  write_text(path("value"), "secret");
  allow(path("value"), 0);
  std::filesystem::create_directory(path("open"));
  allow(path("open"), 0777);
  as_nobody([this](const CommandOptions& options) {
    const std::string place = path("open/state");
    expect_denied({"put", place, "--key", "k", "--value-file", path("value")}, options);
    expect_denied({"append", place, "--value-file", path("value")}, options);
    expect_denied({"import", place, path("value")}, options);
  });
}

TEST_F(EnvironmentCli, AClosedPipeEndsQuietly) {
  std::string lines;
  for (int line = 0; line < 100'000; ++line) lines += "some line\n";
  output({"append", store(), "--lines", "-"}, {.in = lines});
  const std::vector<std::pair<Words, std::string>> commands = {
      {{"scan", store()}, "exit 0"},
      {{"scan", "--json", store()}, "exit 0"},
      {{"dump", store()}, "exit 0"},
      {{"tail", "-n", "100000", store()}, "exit 0"},
      {{"tail", "--from-txid", "1", store()}, "exit 0"},
      {{"history", store(), "--key", "k"}, "exit 1"}};  // it finds nothing, and says so
  for (const auto& [words, end] : commands) {
    RunningCommand command(words);
    EXPECT_EQ(command.read_line().has_value(), end == "exit 0");
    command.close_output();
    EXPECT_EQ(command.wait(), end) << words[0];
  }
}

TEST_F(EnvironmentCli, AFullDeviceIsAnError) {
  make_sample_store();
  for (const Words& words : looking_commands(store())) {
    const Outcome outcome = expect("exit 6", words, {.out_file = "/dev/full"});
    EXPECT_EQ(outcome.err,
              "datawal: error: cannot write to standard output: No space left on device\n");
  }
  for (const Words& words : {Words{"--help"}, Words{"--version"}, Words{"completion", "bash"}}) {
    expect("exit 6", words, {.out_file = "/dev/full"});
  }
}

// A file of the store must never take the place of a closed standard output.
TEST_F(EnvironmentCli, AClosedStandardOutputIsAnError) {
  make_sample_store();
  const std::string before = contents_of(store());
  for (const Words& words : looking_commands(store())) {
    const Outcome outcome = expect("exit 6", words, {.out_file = "-"});
    EXPECT_THAT(outcome.err, HasSubstr("cannot write to standard output"));
  }
  EXPECT_EQ(contents_of(store()), before);
  expect("exit 6", {"put", store(), "--key", "k", "v"}, {.out_file = "-"});
  EXPECT_EQ(output({"get", store(), "--key", "k"}), "v");
}

TEST_F(EnvironmentCli, APlaceThatIsNoSegmentIsRefused) {
  make_sample_store();
  const std::string segment = segment_path(store(), 3).string();
  const std::map<std::string, std::function<void()>> planted = {
      {"directory", [&] { std::filesystem::create_directory(segment); }},
      {"link", [&] { std::filesystem::create_symlink(path("elsewhere"), segment); }},
      {"fifo", [&] { ASSERT_EQ(::mkfifo(segment.c_str(), 0600), 0); }}};
  for (const auto& [name, plant] : planted) {
    plant();
    for (const Words& words : looking_commands(store())) {
      const Outcome outcome = expect("exit 6", words);
      EXPECT_THAT(outcome.err, HasSubstr("00000003.dwal")) << name;
    }
    for (const Words& words : changing_commands(store())) expect("exit 6", words);
    std::filesystem::remove(segment);
  }
  EXPECT_FALSE(std::filesystem::exists(path("elsewhere")));
}

TEST_F(EnvironmentCli, EveryExitCodeHasOneMeaning) {
  make_sample_store();
  expect("exit 0", {"get", store(), "--key", "alpha"});
  expect("exit 1", {"get", store(), "--key", "absent"});
  expect("exit 2", {"get", store()});
  {
    RunningCommand writer({"apply", store()});
    ASSERT_TRUE(writer.write("{\"op\":\"sync\"}\n"));
    ASSERT_TRUE(writer.read_line());
    expect("exit 5", {"put", store(), "--key", "k", "v"});
  }
  expect("exit 6", {"get", path("missing"), "--key", "alpha"});
  std::filesystem::remove_all(store());
  make_torn_store();
  expect("exit 3", {"get", store(), "--key", "a"});
  make_corrupt_store();
  expect("exit 4", {"get", store(), "--key", "a"});
  std::string newer = read_text(segment_path(store(), 2));
  newer[4] = 9;
  std::filesystem::remove_all(store());
  write_segment(store(), 1, newer);
  expect("exit 7", {"get", store(), "--key", "a"});
}

}  // namespace
}  // namespace datawal::test::environment_test
