// export, import and compact.
#include "cli/cli_test.h"

namespace datawal::test::transfer_test {
namespace {

using TransferCli = CliTest;

constexpr const char* kLines =
    "{\"key_b64\":\"\",\"value_b64\":\"\"}\n"
    "{\"key_b64\":\"AP8=\",\"value_b64\":\"AAH/\"}\n"
    "{\"key_b64\":\"YWxwaGE=\",\"value_b64\":\"Mw==\"}\n"
    "{\"key_b64\":\"/w==\",\"value_b64\":\"eA==\"}\n";

class TransferCliWithStore : public CliTest {
 protected:
  void SetUp() override {
    make_sample_store();
    output({"put", store(), "--key-hex", "ff", "x"});
    output({"put", store(), "--key-hex", "00ff", "-"}, {.in = std::string("\0\x01\xff", 3)});
    output({"put", store(), "--key", "", ""});
  }
};

TEST_F(TransferCliWithStore, ExportWritesTheLiveKeysInOrder) {
  EXPECT_EQ(output({"export", store(), path("out.jsonl")}),
            "schema:          datawal.cli.v1\n"
            "kind:            export\n"
            "outfile:         " +
                path("out.jsonl") +
                "\n"
                "records_written: 4\n"
                "bytes_written:   " +
                std::to_string(std::string(kLines).size()) + "\n");
  EXPECT_EQ(read_text(path("out.jsonl")), kLines);
}

TEST_F(TransferCliWithStore, ExportPrintsTheFieldsOfTheContractAsJson) {
  const std::string file = path("out \"1\"\xff.jsonl");
  EXPECT_EQ(output({"export", "--json", store(), file}),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"export\",\"outfile\":\"" +
                path("out \\\"1\\\"\xEF\xBF\xBD.jsonl") +
                "\",\"records_written\":4,\"bytes_written\":" +
                std::to_string(std::string(kLines).size()) + "}\n");
  EXPECT_EQ(read_text(file), kLines);
}

TEST_F(TransferCliWithStore, ExportWritesToABareName) {
  output({"export", store(), "out.jsonl"}, {.directory = directory()});
  EXPECT_EQ(read_text(path("out.jsonl")), kLines);
  EXPECT_EQ(names_in(directory()), "out.jsonl state ");
}

TEST_F(TransferCliWithStore, ExportNeverOverwrites) {
  write_text(path("out.jsonl"), "precious");
  std::filesystem::create_symlink("nowhere", path("link"));
  for (const std::string& file : {path("out.jsonl"), path("link"), directory().string()}) {
    const Outcome outcome = expect("exit 2", {"export", store(), file});
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err,
              "datawal: error: export: refuses to overwrite existing file: " + file + "\n");
  }
  EXPECT_EQ(read_text(path("out.jsonl")), "precious");
  EXPECT_FALSE(std::filesystem::exists(path("nowhere")));
}

TEST_F(TransferCliWithStore, ExportToStandardOutputIsTheSameBytes) {
  EXPECT_EQ(output({"export", store(), "-"}), kLines);
  EXPECT_EQ(output({"export", "--json", store(), "-"}), kLines);
  EXPECT_FALSE(std::filesystem::exists("-"));
}

TEST_F(TransferCliWithStore, ExportAndCompactLeaveTheSourceAlone) {
  const std::string before = contents_of(store());
  output({"export", store(), path("out.jsonl")});
  expect("exit 0", {"compact", store(), path("target")});
  EXPECT_EQ(contents_of(store()), before);
}

TEST_F(TransferCliWithStore, CompactWritesANewStore) {
  const Outcome outcome = expect("exit 0", {"compact", store(), path("target")});
  const std::uintmax_t size = std::filesystem::file_size(segment_path(path("target"), 1));
  EXPECT_EQ(outcome.out,
            "schema:          datawal.cli.v1\n"
            "kind:            compact\n"
            "target:          " +
                path("target") +
                "\n"
                "live_keys:       4\n"
                "records_written: 4\n"
                "bytes_written:   " +
                std::to_string(size) + "\n");
  EXPECT_EQ(outcome.err,
            "datawal: warning: compact: 1 records without a key are not in the new store\n");
  EXPECT_EQ(output({"export", path("target"), "-"}), kLines);
  EXPECT_THAT(output({"verify", path("target")}), HasSubstr("frames_checked:      4\n"));
}

TEST_F(TransferCliWithStore, CompactPrintsTheFieldsOfTheContractAsJson) {
  std::filesystem::create_directory(path("target"));
  const Outcome outcome = expect("exit 0", {"compact", "--json", store(), path("target")});
  const std::uintmax_t size = std::filesystem::file_size(segment_path(path("target"), 1));
  EXPECT_EQ(outcome.out, "{\"schema\":\"datawal.cli.v1\",\"kind\":\"compact\",\"target\":\"" +
                             path("target") +
                             "\",\"live_keys\":4,\"records_written\":4,\"bytes_written\":" +
                             std::to_string(size) + "}\n");
}

TEST_F(TransferCliWithStore, CompactRefusesATargetThatIsNotEmpty) {
  std::filesystem::create_directory(path("target"));
  write_text(path("target/file"), "precious");
  const Outcome outcome = expect("exit 2", {"compact", store(), path("target")});
  EXPECT_EQ(outcome.err,
            "datawal: error: compact: target directory is not empty: " + path("target") + "\n");
  EXPECT_EQ(names_in(path("target")), "file ");
  expect("exit 2", {"compact", store(), store()});
  expect("exit 2", {"compact", store(), path("target/file")});
}

TEST_F(TransferCliWithStore, ImportIsTheInverseOfExport) {
  output({"export", store(), path("out.jsonl")});
  EXPECT_EQ(output({"import", path("copy"), path("out.jsonl")}),
            "schema:       datawal.cli.v1\n"
            "kind:         import\n"
            "records_read: 4\n"
            "bytes_read:   " +
                std::to_string(std::string(kLines).size()) + "\n");
  EXPECT_EQ(output({"export", path("copy"), "-"}), kLines);
}

TEST_F(TransferCli, ImportReadsStandardInputAndPipes) {
  EXPECT_EQ(
      output({"import", "--json", path("in"), "-"}, {.in = kLines}),
      "{\"schema\":\"datawal.cli.v1\",\"kind\":\"import\",\"records_read\":4,\"bytes_read\":" +
          std::to_string(std::string(kLines).size()) + ",\"durable\":true}\n");
  EXPECT_EQ(output({"export", path("in"), "-"}), kLines);
  // A pipe by name, which can be read only once.
  const Outcome piped = run_program("bash", {"-c", "exec \"$0\" import \"$1\" <(printf %s \"$2\")",
                                             DATAWAL_CLI_PATH, path("pipe"), kLines});
  EXPECT_EQ(piped.end, "exit 0") << piped.err;
  EXPECT_EQ(output({"export", path("pipe"), "-"}), kLines);
}

TEST_F(TransferCli, ImportLeavesNoTemporaryFile) {
  std::filesystem::create_directory(path("tmp"));
  const std::string variable = "TMPDIR=" + path("tmp");
  output({"import", store(), "-"}, {.in = kLines, .environment = {variable}});
  EXPECT_EQ(names_in(path("tmp")), "");
  const Outcome outcome = expect("exit 6", {"import", store(), "-"},
                                 {.in = kLines, .environment = {"TMPDIR=" + path("missing")}});
  EXPECT_THAT(outcome.err, HasSubstr("TMPDIR"));
}

TEST_F(TransferCli, ARefusedImportLeavesTheStoreAsItWas) {
  make_sample_store();
  const std::string before = output({"scan", store()});
  const std::string good = "{\"key_b64\":\"YQ==\",\"value_b64\":\"MQ==\"}\n";
  for (const char* const bad : {"{\"key_b64\":\"YQ==\"}\n", "nonsense\n", "\n",
                                "{\"key_b64\":\"YQ=\",\"value_b64\":\"\"}\n"}) {
    const Outcome in = expect("exit 2", {"import", store(), "-"}, {.in = good + bad + good});
    EXPECT_THAT(in.err, StartsWith("datawal: error: import standard input: line 2: ")) << bad;
    EXPECT_THAT(in.err, Not(HasSubstr("/proc")));
    write_text(path("bad.jsonl"), good + bad + good);
    const Outcome file = expect("exit 2", {"import", store(), path("bad.jsonl")});
    EXPECT_THAT(file.err, HasSubstr("line 2: "));
    EXPECT_THAT(file.err, HasSubstr(path("bad.jsonl")));
  }
  EXPECT_EQ(output({"scan", store()}), before);
}

TEST_F(TransferCli, AMissingFileIsOfTheSurroundings) {
  expect("exit 6", {"import", store(), path("missing")});
  EXPECT_FALSE(std::filesystem::exists(store()));
  expect("exit 6", {"import", store(), directory().string()});
}

TEST_F(TransferCli, ATornTailIsToldAfterTheWork) {
  make_torn_store();
  const Outcome exported = expect("exit 3", {"export", store(), path("out.jsonl")});
  EXPECT_THAT(exported.out, HasSubstr("records_written: 3\n"));
  EXPECT_THAT(exported.err, HasSubstr("torn tail"));
  EXPECT_EQ(std::ranges::count(read_text(path("out.jsonl")), '\n'), 3);
  EXPECT_EQ(std::ranges::count(expect("exit 3", {"export", store(), "-"}).out, '\n'), 3);
  const Outcome compacted = expect("exit 3", {"compact", store(), path("target")});
  EXPECT_THAT(compacted.out, HasSubstr("live_keys:       3\n"));
  EXPECT_THAT(output({"verify", path("target")}), HasSubstr("frames_checked:      3\n"));
}

TEST_F(TransferCli, ACorruptStoreGivesNothing) {
  make_corrupt_store();
  expect("exit 4", {"export", store(), path("out.jsonl")});
  expect("exit 4", {"export", store(), "-"});
  expect("exit 4", {"compact", store(), path("target")});
  expect("exit 4", {"import", store(), "-"}, {.in = kLines});
  EXPECT_EQ(names_in(directory()), "state ");
}

TEST_F(TransferCli, NoKeysAreAnEmptyFile) {
  output({"append", store(), "note"});
  output({"export", store(), path("out.jsonl")});
  EXPECT_EQ(read_text(path("out.jsonl")), "");
  EXPECT_EQ(output({"export", store(), "-"}), "");
  output({"import", path("copy"), path("out.jsonl")});
}

}  // namespace
}  // namespace datawal::test::transfer_test
