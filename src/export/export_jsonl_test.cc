// The live keys of a store as lines of JSON: the same bytes as the reference writes, whole or
// absent.
#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::export_jsonl_test {
namespace {

using test::FailsWith;
using test::must;
using test::Succeeds;

constexpr std::string_view kFile = "out/export.jsonl";

class ExportJsonl : public test::SimulatedLog {
 protected:
  [[nodiscard]] DataWal open_store() { return must(DataWal::open(kStore, options_)); }

  static void put(DataWal& store, std::string_view key, std::string_view value) {
    must(store.put(as_bytes(key), as_bytes(value)));
  }
  [[nodiscard]] std::string text_of(const std::filesystem::path& path) const {
    const auto bytes = filesystem_.read_file(path);
    return bytes ? std::string(as_text(*bytes)) : "(no file)";
  }
};

TEST_F(ExportJsonl, WritesTheLiveKeysInAscendingOrderOfTheirBytes) {
  DataWal store = open_store();
  put(store, "b", "2");
  put(store, "a", "1");
  put(store, "gone", "x");
  put(store, "\xff", std::string_view("\0\x01\xff", 3));
  put(store, "", "");
  put(store, "b", "3");
  must(store.remove(as_bytes("gone")));
  must(store.append(as_bytes("raw")));
  const ExportStats stats = must(store.export_jsonl(kFile));
  EXPECT_EQ(text_of(kFile),
            "{\"key_b64\":\"\",\"value_b64\":\"\"}\n"
            "{\"key_b64\":\"YQ==\",\"value_b64\":\"MQ==\"}\n"
            "{\"key_b64\":\"Yg==\",\"value_b64\":\"Mw==\"}\n"
            "{\"key_b64\":\"/w==\",\"value_b64\":\"AAH/\"}\n");
  EXPECT_EQ(stats.records_written, 4U);
  EXPECT_EQ(stats.bytes_written, text_of(kFile).size());
}

TEST_F(ExportJsonl, OfNothingIsAnEmptyFile) {
  EXPECT_EQ(must(open_store().export_jsonl(kFile)).bytes_written, 0U);
  EXPECT_EQ(text_of(kFile), "");
}

TEST_F(ExportJsonl, ReplacesAFileUnlessToldOtherwise) {
  DataWal store = open_store();
  put(store, "a", "1");
  filesystem_.write_file(kFile, as_bytes("of somebody"));
  EXPECT_THAT(store.export_jsonl(kFile, Overwrite::kNo), FailsWith(ErrorCode::kAlreadyExists));
  EXPECT_EQ(text_of(kFile), "of somebody");
  EXPECT_THAT(store.export_jsonl(kFile), Succeeds());
  EXPECT_EQ(text_of(kFile), "{\"key_b64\":\"YQ==\",\"value_b64\":\"MQ==\"}\n");
}

TEST_F(ExportJsonl, ABareNameIsAFileInTheCurrentDirectory) {
  must(open_store().export_jsonl("bare.jsonl"));
  EXPECT_EQ(text_of("bare.jsonl"), "");
}

TEST_F(ExportJsonl, NamesThatMeanNoFileAreRefused) {
  const DataWal store = open_store();
  for (const char* const name : {"", ".", "..", "/"}) {
    EXPECT_THAT(store.export_jsonl(name), FailsWith(ErrorCode::kInvalidArgument)) << name;
  }
}

TEST_F(ExportJsonl, TemporaryFilesOfOthersAreLeftAlone) {
  const DataWal store = open_store();
  filesystem_.write_file("out/export.tmp", as_bytes("of somebody"));
  must(store.export_jsonl(kFile));
  EXPECT_EQ(text_of("out/export.tmp"), "of somebody");
  must(store.export_jsonl("out/another.tmp"));
  EXPECT_EQ(text_of("out/another.tmp"), "");
}

TEST_F(ExportJsonl, IsDurableWhenItReturns) {
  {
    DataWal store = open_store();
    put(store, "a", "1");
    must(store.export_jsonl("new/place/export.jsonl"));
    filesystem_.crash(PowerCut::kDropPending);
  }
  EXPECT_EQ(text_of("new/place/export.jsonl"), "{\"key_b64\":\"YQ==\",\"value_b64\":\"MQ==\"}\n");
}

TEST_F(ExportJsonl, FailedAtAnyCallTheFileIsTheOldOneOrTheNewOne) {
  for (std::uint64_t failing = 1;; ++failing) {
    SimulatedFilesystem filesystem;
    DataWal store = must(DataWal::open(kStore, {.filesystem = &filesystem}));
    put(store, "a", "1");
    filesystem.write_file(kFile, as_bytes("old"));
    filesystem.reset_counts();
    filesystem.inject({.first = failing});
    const Result<ExportStats> exported = store.export_jsonl(kFile);
    const bool was_hit = filesystem.call_count() >= failing;
    const Bytes found = filesystem.read_file(kFile).value();
    const bool is_new = as_text(found) == "{\"key_b64\":\"YQ==\",\"value_b64\":\"MQ==\"}\n";
    EXPECT_TRUE(is_new || (!exported && as_text(found) == "old")) << "call " << failing;
    EXPECT_TRUE(exported || was_hit);
    if (!was_hit) break;
    ASSERT_LT(failing, 100U);
  }
}

TEST_F(ExportJsonl, OnAFullDiskLeavesNothing) {
  DataWal store = open_store();
  put(store, "a", std::string(5000, 'x'));
  filesystem_.plant_directory("out");
  filesystem_.set_capacity(7000);
  EXPECT_THAT(store.export_jsonl(kFile), FailsWith(ErrorCode::kNoSpace));
  filesystem_.set_capacity({});
  EXPECT_EQ(text_of(kFile), "(no file)");
  const auto directory = must(filesystem_.open_directory("out"));
  EXPECT_TRUE(must(directory->list()).empty());
}

}  // namespace
}  // namespace datawal::export_jsonl_test
