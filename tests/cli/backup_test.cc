// snapshot, backup and restore.
#include "cli/cli_test.h"

namespace datawal::test::backup_test {
namespace {

class BackupCli : public CliTest {
 protected:
  void SetUp() override { make_sample_store(); }

  // Without the first lines, which are the same for all.
  std::string stats(const Words& arguments) {
    const std::string text = output(arguments);
    return text.substr(text.find("segments_linked"));
  }
};

TEST_F(BackupCli, SnapshotSharesClosedSegments) {
  const std::string before = contents_of(store());
  EXPECT_EQ(output({"snapshot", store(), path("copy")}),
            "schema:             datawal.cli.v1\n"
            "kind:               snapshot\n"
            "target:             " +
                path("copy") +
                "\n"
                "segments_linked:    1\n"
                "segments_copied:    1\n"
                "segments_unchanged: 0\n"
                "bytes_copied:       " +
                std::to_string(std::filesystem::file_size(segment_path(store(), 2))) +
                "\n"
                "bytes:              165\n"
                "records:            5\n"
                "last_txid:          5\n");
  EXPECT_EQ(std::filesystem::hard_link_count(segment_path(path("copy"), 1)), 2U);
  EXPECT_EQ(std::filesystem::hard_link_count(segment_path(path("copy"), 2)), 1U);
  EXPECT_EQ(output({"scan", path("copy")}), output({"scan", store()}));
  output({"put", path("copy"), "--key", "only", "here"});
  output({"rotate", path("copy")});
  EXPECT_EQ(contents_of(store()), before);
  output({"put", store(), "--key", "only", "there"});
  EXPECT_EQ(output({"get", path("copy"), "--key", "only"}), "here");
}

TEST_F(BackupCli, BackupCopiesWhatIsNew) {
  EXPECT_EQ(output({"backup", "--json", store(), path("backup")}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"backup\",\"target\":\"" + path("backup") +
                "\",\"segments_linked\":0,\"segments_copied\":2,\"segments_unchanged\":0,"
                "\"bytes_copied\":165,\"bytes\":165,\"records\":5,\"last_txid\":5}\n");
  EXPECT_THAT(stats({"backup", store(), path("backup")}), HasSubstr("segments_unchanged: 2\n"));
  output({"put", store(), "--key", "gamma", "7"});
  const std::string grown = stats({"backup", store(), path("backup")});
  EXPECT_THAT(grown, HasSubstr("segments_copied:    1\nsegments_unchanged: 1\n"));
  EXPECT_EQ(output({"get", path("backup"), "--key", "gamma"}), "7");
  EXPECT_THAT(output({"verify", path("backup")}), HasSubstr("frames_checked:      6\n"));
  EXPECT_THAT(output({"info", path("backup")}), HasSubstr("backup-manifest"));
  EXPECT_EQ(names_in(directory()), "backup state ");
}

TEST_F(BackupCli, RestoreEndsWhereItIsTold) {
  output({"backup", store(), path("backup")});
  EXPECT_THAT(stats({"restore", path("backup"), path("all")}),
              HasSubstr("last_txid:          5\n"));
  EXPECT_EQ(output({"scan", path("all")}), output({"scan", store()}));
  EXPECT_THAT(stats({"restore", path("backup"), path("two"), "--to-txid", "2"}),
              HasSubstr("records:            2\n"));
  EXPECT_EQ(output({"get", path("two"), "--key", "beta"}), "2");
  expect("exit 1", {"get", path("all"), "--key", "beta"});
  for (const char* const txid : {"0", "6"}) {
    const Outcome refused =
        expect("exit 1", {"restore", path("backup"), path("no"), "--to-txid", txid});
    EXPECT_THAT(refused.err, HasSubstr("the oldest is 1, the newest 5"));
  }
  EXPECT_EQ(names_in(directory()), "all backup state two ");
}

TEST_F(BackupCli, RestoreRefusesAPastThatIsNotWhole) {
  write_segment(path("gap"), 1,
                encode({{RecordType::kPut, 1, "a", "1"},
                        {RecordType::kPut, 3, "c", "3"},
                        {RecordType::kPut, 4, "d", "4"}}));
  const Outcome refused = expect("exit 1", {"restore", path("gap"), path("no"), "--to-txid", "3"});
  EXPECT_THAT(refused.err, HasSubstr("cannot be told"));
  output({"restore", path("gap"), path("newest"), "--to-txid", "4"});
}

TEST_F(BackupCli, RefusesTargetsThatAreThere) {
  std::filesystem::create_directory(path("target"));
  write_text(path("target/file"), "precious");
  for (const char* const name : {"snapshot", "backup", "restore"}) {
    expect("exit 2", {name, store(), path("target")});
    expect("exit 2", {name, store(), store()});
    expect("exit 2", {name, store(), path("target/file")});
    expect("exit 6", {name, path("missing"), path("new")});
    expect("exit 2", {name, store()});
    std::filesystem::create_directory(path("empty"));
    output({name, store(), path("empty")});
    std::filesystem::remove_all(path("empty"));
  }
  EXPECT_EQ(names_in(path("target")), "file ");
  EXPECT_EQ(names_in(directory()), "state target ");
}

TEST_F(BackupCli, ABackupThatWasWrittenToIsLeftAlone) {
  output({"backup", store(), path("backup")});
  output({"put", path("backup"), "--key", "new", "here"});
  const Outcome refused = expect("exit 2", {"backup", store(), path("backup")});
  EXPECT_THAT(refused.err, HasSubstr("written to"));
  EXPECT_EQ(output({"get", path("backup"), "--key", "new"}), "here");
}

TEST_F(BackupCli, TheSourceMayBeInUse) {
  RunningCommand writer({"apply", store()});
  ASSERT_TRUE(writer.write("{\"op\":\"put\",\"key\":\"live\",\"value\":\"yes\"}\n"));
  ASSERT_TRUE(writer.read_line());
  for (const char* const name : {"snapshot", "backup", "restore"}) {
    output({name, store(), path(name)});
    EXPECT_EQ(output({"get", path(name), "--key", "live"}), "yes");
  }
}

TEST_F(BackupCli, TellsOfATornTailAndRefusesDamage) {
  std::filesystem::remove_all(store());
  make_torn_store();
  for (const std::string name : {"snapshot", "backup", "restore"}) {
    const Outcome torn = expect("exit 3", {name, store(), path(name)});
    EXPECT_THAT(torn.err, HasSubstr("torn tail"));
    EXPECT_THAT(output({"verify", path(name)}), HasSubstr("frames_checked:      3\n"));
  }
  std::filesystem::remove_all(store());
  make_corrupt_store();
  for (const std::string name : {"snapshot", "backup", "restore"}) {
    expect("exit 4", {name, store(), path("other")});
  }
  EXPECT_FALSE(std::filesystem::exists(path("other")));
}

}  // namespace
}  // namespace datawal::test::backup_test
