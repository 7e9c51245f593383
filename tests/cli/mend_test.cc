// repair and salvage.
#include "cli/cli_test.h"

namespace datawal::test::mend_test {
namespace {

using MendCli = CliTest;

TEST_F(MendCli, ASoundStoreNeedsNoRepair) {
  make_sample_store();
  const std::string before = contents_of(store());
  EXPECT_EQ(output({"repair", store()}), "nothing to repair\n");
  EXPECT_EQ(output({"repair", "--json", store()}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"repair\",\"applied\":false,\"segments\":0,"
            "\"damages\":0,\"bytes_set_aside\":0,\"drops_watermark\":false}\n");
  EXPECT_EQ(contents_of(store()), before);
  EXPECT_EQ(output({"repair", "--apply", store()}), "nothing to repair\n");
}

TEST_F(MendCli, ADryRunSaysWhatItWouldDoAndChangesNothing) {
  make_corrupt_store();
  const std::string before = contents_of(store());
  const Outcome human = expect("exit 4", {"repair", store()});
  EXPECT_EQ(human.out,
            "seg=00000001 off=30 frames_kept=2 bytes_set_aside=30\n"
            "would repair segments=1 damages=1 bytes_set_aside=30; nothing has been changed, "
            "--apply does it\n");
  EXPECT_THAT(human.err, HasSubstr("CRC mismatch"));
  const Outcome json = expect("exit 4", {"repair", "--json", store()});
  EXPECT_EQ(json.out,
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"repair_action\",\"segment\":1,\"offset\":30,"
            "\"frames_kept\":2,\"bytes_set_aside\":30,\"quarantine\":\"\"}\n"
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"repair\",\"applied\":false,\"segments\":1,"
            "\"damages\":1,\"bytes_set_aside\":30,\"drops_watermark\":false}\n");
  EXPECT_EQ(contents_of(store()), before);
}

TEST_F(MendCli, ApplyMendsTheStoreAndKeepsEveryByte) {
  make_corrupt_store();
  const std::string damaged = read_text(segment_path(store(), 1));
  const Outcome outcome = expect("exit 0", {"repair", "--apply", store()});
  EXPECT_EQ(outcome.out,
            "seg=00000001 off=30 frames_kept=2 bytes_set_aside=30 "
            "quarantine=00000001.dwal.30.quarantine\n"
            "repaired segments=1 damages=1 bytes_set_aside=30\n");
  EXPECT_EQ(read_text(store() + "/00000001.dwal.30.quarantine"), damaged.substr(30));
  EXPECT_EQ(output({"repair", store()}), "nothing to repair\n");
  EXPECT_EQ(output({"get", store(), "--key", "a"}), "1");
  expect("exit 1", {"get", store(), "--key", "b"});
  EXPECT_EQ(output({"get", store(), "--key", "c"}), "3");
  output({"put", store(), "--key", "b", "again"});
  EXPECT_EQ(output({"get", store(), "--key", "b"}), "again");
}

TEST_F(MendCli, ATornTailIsMendedToo) {
  make_torn_store();
  expect("exit 3", {"repair", store()});
  expect("exit 0", {"repair", "--apply", store()});
  EXPECT_THAT(output({"verify", store()}), HasSubstr("frames_checked:      3\n"));
  EXPECT_EQ(read_text(store() + "/00000001.dwal.90.quarantine").size(), 7U);
}

TEST_F(MendCli, RepairLeavesANewerFormatAlone) {
  std::string bytes = encode({{RecordType::kRaw, 1, "", "first"}});
  bytes[4] = 2;
  // A newer writer's frame has a sum of its own that holds.
  const std::uint32_t crc = crc32c(as_bytes(std::string_view(bytes).substr(0, bytes.size() - 4)));
  for (std::size_t index = 0; index < 4; ++index) {
    bytes[bytes.size() - 4 + index] = static_cast<char>(crc >> (8 * index) & 0xFF);
  }
  write_segment(store(), 1, bytes);
  expect("exit 7", {"repair", store()});
  expect("exit 7", {"repair", "--apply", store()});
  EXPECT_EQ(read_text(segment_path(store(), 1)), bytes);
}

TEST_F(MendCli, RepairTakesTheLockOnlyToApply) {
  make_sample_store();
  RunningCommand writer({"apply", store()});
  ASSERT_TRUE(writer.write("{\"op\":\"sync\"}\n"));
  ASSERT_TRUE(writer.read_line());
  output({"repair", store()});
  expect("exit 5", {"repair", "--apply", store()});
}

TEST_F(MendCli, SalvageOfASoundStoreLosesNothing) {
  make_sample_store();
  EXPECT_EQ(output({"salvage", store(), path("rescued")}),
            "schema:           datawal.cli.v1\n"
            "kind:             salvage\n"
            "target:           " +
                path("rescued") +
                "\n"
                "frames_recovered: 5\n"
                "bytes_recovered:  165\n"
                "bytes_lost:       0\n"
                "losses:           0\n");
  EXPECT_EQ(output({"scan", path("rescued")}), output({"scan", store()}));
}

// What the crate leaves when it appends behind a torn tail.
TEST_F(MendCli, SalvageFindsWhatLiesBehindATornTail) {
  const std::string behind =
      encode({{RecordType::kPut, 4, "d", "4"}, {RecordType::kPut, 5, "a", "5"}});
  write_segment(store(), 1,
                encode({{RecordType::kPut, 1, "a", "1"},
                        {RecordType::kPut, 2, "b", "2"},
                        {RecordType::kPut, 3, "c", "3"}}) +
                    behind.substr(0, 12) + behind);
  expect("exit 4", {"get", store(), "--key", "d"});
  const std::string before = contents_of(store());
  const Outcome outcome = expect("exit 4", {"salvage", "--json", store(), path("rescued")});
  EXPECT_EQ(outcome.out, "{\"schema\":\"datawal.cli.v1\",\"kind\":\"salvage\",\"target\":\"" +
                             path("rescued") +
                             "\",\"frames_recovered\":5,\"bytes_recovered\":150,\"bytes_lost\":12,"
                             "\"losses\":1}\n");
  EXPECT_THAT(outcome.err, HasSubstr("loss-report.jsonl"));
  EXPECT_EQ(contents_of(store()), before);
  EXPECT_EQ(output({"get", path("rescued"), "--key", "d"}), "4");
  EXPECT_EQ(output({"get", path("rescued"), "--key", "a"}), "5");
  EXPECT_THAT(read_text(path("rescued/loss-report.jsonl")), HasSubstr("\"offset\":90,\"size\":12"));
}

TEST_F(MendCli, SalvageTellsATornTailFromRot) {
  make_torn_store();
  expect("exit 3", {"salvage", store(), path("torn")});
  make_corrupt_store();
  expect("exit 4", {"salvage", store(), path("corrupt")});
  EXPECT_THAT(output({"scan", path("corrupt")}), HasSubstr("txid=         4"));
}

TEST_F(MendCli, SalvageRefusesATargetThatIsThere) {
  make_sample_store();
  std::filesystem::create_directory(path("target"));
  write_text(path("target/file"), "precious");
  expect("exit 2", {"salvage", store(), path("target")});
  EXPECT_EQ(names_in(path("target")), "file ");
  expect("exit 6", {"salvage", path("missing"), path("other")});
  EXPECT_FALSE(std::filesystem::exists(path("other")));
}

}  // namespace
}  // namespace datawal::test::mend_test
