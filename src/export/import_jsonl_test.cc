// Exports, put back; and what is no export.
#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::import_jsonl_test {
namespace {

using test::FailsWith;
using test::must;
using ::testing::StartsWith;

constexpr std::string_view kFile = "import.jsonl";
constexpr std::string_view kGoodLine = "{\"key_b64\":\"YQ==\",\"value_b64\":\"MQ==\"}\n";

class ImportJsonl : public test::SimulatedLog {
 protected:
  [[nodiscard]] DataWal open_store() { return must(DataWal::open(kStore, options_)); }
  void write(const std::string& text) { filesystem_.write_file(kFile, as_bytes(text)); }

  // Imports `text` into a store with one key, which must stay as it is. Gives the error.
  Error refused(const std::string& text) {
    write(text);
    DataWal store = must(DataWal::open("refusing", options_));
    must(store.put(as_bytes("a"), as_bytes("before")));
    const auto records_before = test::read_all(store.scan()).records;
    const Result<ImportStats> imported = store.import_jsonl(kFile);
    EXPECT_FALSE(imported) << text;
    EXPECT_EQ(test::read_all(store.scan()).records, records_before);
    EXPECT_FALSE(store.is_poisoned());
    return imported ? Error{} : imported.error();
  }
};

TEST_F(ImportJsonl, IsTheInverseOfExport) {
  {
    DataWal source = must(DataWal::open("source", options_));
    for (int number = 0; number < 300; ++number) {
      const std::string value(static_cast<std::size_t>(number) * 7, static_cast<char>(number));
      must(source.put(as_bytes(std::to_string(number)), as_bytes(value)));
    }
    must(source.put({}, {}));
    must(source.export_jsonl(kFile));
  }
  DataWal store = open_store();
  const ImportStats stats = must(store.import_jsonl(kFile));
  EXPECT_EQ(stats.records_read, 301U);
  EXPECT_EQ(stats.bytes_read, filesystem_.read_file(kFile)->size());
  must(store.export_jsonl("again.jsonl"));
  EXPECT_EQ(filesystem_.read_file("again.jsonl"), filesystem_.read_file(kFile));
}

TEST_F(ImportJsonl, PutsEveryLineInOrder) {
  write(std::string(kGoodLine) + "{ \"value_b64\" : \"Mg==\", \"key_b64\" : \"YQ==\" }\n");
  DataWal store = open_store();
  EXPECT_EQ(must(store.import_jsonl(kFile)).records_read, 2U);
  EXPECT_EQ(must(store.get(as_bytes("a")))->text(), "2");
  EXPECT_EQ(store.log()->last_txid(), 2U);
}

TEST_F(ImportJsonl, IsDurableWhenItReturns) {
  write(std::string(kGoodLine));
  {
    DataWal store = open_store();
    must(store.import_jsonl(kFile));
    filesystem_.crash(PowerCut::kDropPending);
  }
  EXPECT_EQ(must(open_store().get(as_bytes("a")))->text(), "1");
}

TEST_F(ImportJsonl, AnEmptyFileHasNoKeys) {
  write("");
  EXPECT_EQ(must(open_store().import_jsonl(kFile)).records_read, 0U);
}

TEST_F(ImportJsonl, AValueLargerThanAnyStepOfReadingIsTaken) {
  {
    DataWal source = must(DataWal::open("source", options_));
    must(source.put(as_bytes("large"), Bytes(kPayloadSizeMax, std::byte{'x'})));
    must(source.put(as_bytes("small"), as_bytes("y")));
    must(source.export_jsonl(kFile));
  }
  DataWal store = open_store();
  EXPECT_EQ(must(store.import_jsonl(kFile)).records_read, 2U);
  EXPECT_EQ(must(store.get(as_bytes("large")))->size(), kPayloadSizeMax);
}

TEST_F(ImportJsonl, AWrongLineIsNamedAndNothingIsPut) {
  const Error error = refused(std::string(kGoodLine) + std::string(kGoodLine) + "nonsense\n" +
                              std::string(kGoodLine));
  EXPECT_EQ(error.code, ErrorCode::kParse);
  EXPECT_THAT(error.message, StartsWith("line 3: "));
  EXPECT_EQ(error.path, kFile);
}

TEST_F(ImportJsonl, AnIncompleteFileIsRefused) {
  const std::string good(kGoodLine);
  for (std::size_t size = 1; size < good.size(); ++size) {
    const Error error = refused(good + good.substr(0, size));
    EXPECT_EQ(error.code, ErrorCode::kParse) << error.message;
    EXPECT_THAT(error.message, StartsWith("line 2: "));
  }
}

TEST_F(ImportJsonl, EmptyLinesAndOtherLineEndsAreRefused) {
  EXPECT_THAT(refused("\n").message, StartsWith("line 1: "));
  EXPECT_THAT(refused(std::string(kGoodLine) + "\n").message, StartsWith("line 2: "));
}

TEST_F(ImportJsonl, AKeyAboveItsLimitIsNamedToo) {
  // 65,538 zero bytes.
  const std::string line =
      "{\"key_b64\":\"" + std::string(87'384, 'A') + "\",\"value_b64\":\"\"}\n";
  const Error error = refused(std::string(kGoodLine) + line);
  EXPECT_EQ(error.code, ErrorCode::kTooLarge);
  EXPECT_THAT(error.message, StartsWith("line 2: "));
}

TEST_F(ImportJsonl, ALineThatNeverEndsIsRefusedWithoutBeingKept) {
  const Error error = refused(std::string(90'000'000, 'A'));
  EXPECT_EQ(error.code, ErrorCode::kParse);
  EXPECT_THAT(error.message, StartsWith("line 1: the line is longer"));
}

TEST_F(ImportJsonl, WhatCannotBeReadIsAnError) {
  DataWal store = open_store();
  EXPECT_THAT(store.import_jsonl("missing"), FailsWith(ErrorCode::kNotFound));
  write(std::string(kGoodLine));
  filesystem_.inject({.call = SimulatedCall::kRead, .path_part = std::string(kFile)});
  EXPECT_THAT(store.import_jsonl(kFile), FailsWith(ErrorCode::kIo));
  EXPECT_TRUE(store.empty());
}

TEST_F(ImportJsonl, AFailureToWriteLeavesTheLinesBeforeIt) {
  write(std::string(kGoodLine) + "{\"key_b64\":\"Yg==\",\"value_b64\":\"\"}\n");
  DataWal store = open_store();
  filesystem_.inject({.first = 2, .call = SimulatedCall::kWrite, .path_part = ".dwal"});
  EXPECT_THAT(store.import_jsonl(kFile), FailsWith(ErrorCode::kIo));
  EXPECT_EQ(must(store.get(as_bytes("a")))->text(), "1");
  EXPECT_FALSE(must(store.get(as_bytes("b"))));
}

}  // namespace
}  // namespace datawal::import_jsonl_test
