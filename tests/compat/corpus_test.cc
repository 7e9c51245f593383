// The six directories of golden bytes that the crate's own tests use. Their SHA-256s are checked by
// a test of its own (CMakeLists.txt); here all three implementations make them anew, byte for byte,
// and read them alike.

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/datawal.h"
#include "driver_process.h"
#include "notation.h"
#include "parameters.h"
#include "scratch.h"

namespace datawal::compat::corpus_test {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = DATAWAL_COMPAT_CORPUS;

std::string word(std::string_view text) {
  return hex(as_bytes(text));
}

class CorpusTest : public testing::TestWithParam<Implementation> {
 protected:
  void run(std::initializer_list<std::string> commands) {
    for (const std::string& command : commands) driver_.must(command);
  }
  std::string open(const std::string& kind, const std::string& name) {
    return "open " + kind + ' ' + (scratch_.path() / name).string();
  }
  // A copy, for opening writes to it.
  fs::path copy(const std::string& name) {
    const fs::path path = scratch_.fresh("copy");
    copy_store(kCorpus / name, path);
    return path;
  }
  void expect_golden(const std::string& name) {
    ASSERT_EQ(segment_names(scratch_.path() / name), segment_names(kCorpus / name));
    for (const std::string& segment : segment_names(kCorpus / name)) {
      EXPECT_EQ(hex(read_file(scratch_.path() / name / segment)),
                hex(read_file(kCorpus / name / segment)))
          << name << '/' << segment;
    }
  }
  void cut(const std::string& name, std::size_t size) {
    fs::resize_file(scratch_.path() / name / segment_file(1), size);
  }
  void patch(const std::string& name, std::uint32_t id, std::size_t offset,
             std::initializer_list<unsigned char> values) {
    Bytes bytes = read_segment(scratch_.path() / name, id);
    for (const unsigned char value : values) bytes.at(offset++) = std::byte{value};
    write_file(scratch_.path() / name / segment_file(id), bytes);
  }

  Scratch scratch_;
  DriverProcess driver_{GetParam()};
};

TEST_P(CorpusTest, WritesValidLog) {
  run({open("log", "valid_log"), "append " + word("alpha"), "append " + word("beta"),
       "append " + word("gamma"), "sync", "close"});
  expect_golden("valid_log");
}

TEST_P(CorpusTest, WritesTruncatedTail) {
  run({open("log", "truncated_tail"), "append " + word("one"), "append " + word("two"),
       "append " + word("three"), "sync", "close"});
  cut("truncated_tail", 90);
  expect_golden("truncated_tail");
}

TEST_P(CorpusTest, WritesBadCrc) {
  run({open("log", "bad_crc"), "append " + word("good"), "rotate",
       "append " + word("this-will-be-corrupted"), "rotate", "append " + word("after"), "sync",
       "close"});
  patch("bad_crc", 2, 29, {0x77 ^ 0xFF});
  expect_golden("bad_crc");
}

TEST_P(CorpusTest, WritesUnknownVersion) {
  run({open("log", "unknown_version"), "append " + word("first"), "sync", "close"});
  patch("unknown_version", 1, 4, {0xFE, 0xCA});
  expect_golden("unknown_version");
}

TEST_P(CorpusTest, WritesDeleteTombstone) {
  run({open("kv", "delete_tombstone"), "put " + word("alpha") + ' ' + word("1"),
       "put " + word("beta") + ' ' + word("2"), "put " + word("alpha") + ' ' + word("3"),
       "delete " + word("beta"), "sync", "close"});
  expect_golden("delete_tombstone");
}

TEST_P(CorpusTest, WritesCompactToOutput) {
  run({open("kv", "source"), "put " + word("keep") + ' ' + word("final"),
       "put " + word("keep") + ' ' + word("old"), "put " + word("keep") + ' ' + word("final"),
       "put " + word("gone") + ' ' + word("nope"), "delete " + word("gone"),
       "put " + word("other") + ' ' + word("value"),
       "compact " + (scratch_.path() / "compact_to_output").string(), "close"});
  expect_golden("compact_to_output");
}

TEST_P(CorpusTest, ReadsValidLog) {
  const fs::path path = copy("valid_log");
  for (int opened = 0; opened < 2; ++opened) {
    driver_.must("open log " + path.string());
    EXPECT_EQ(driver_.must("report"),
              "files=1 records=3 truncated=0 discarded=0 mid_stream=0 versions=0 last_txid=3");
    const std::vector<std::string> expected = {"Raw 1 - " + word("alpha") + " 1 0 33",
                                               "Raw 2 - " + word("beta") + " 1 33 32",
                                               "Raw 3 - " + word("gamma") + " 1 65 33"};
    EXPECT_EQ(driver_.must_list("dump"), expected);
    driver_.must("close");
  }
}

TEST_P(CorpusTest, ReadsTruncatedTail) {
  const fs::path path = copy("truncated_tail");
  driver_.must("open log " + path.string());
  EXPECT_EQ(driver_.must("report"),
            "files=1 records=2 truncated=1 discarded=28 mid_stream=0 versions=0 last_txid=2");
  EXPECT_EQ(driver_.must_list("dump").size(), 2U);
}

TEST_P(CorpusTest, RefusesBadCrcInASealedSegment) {
  const std::string reply = driver_.ask("open log " + copy("bad_crc").string());
  EXPECT_TRUE(reply.starts_with("err ")) << reply;
}

TEST_P(CorpusTest, RefusesAnUnknownVersion) {
  const std::string reply = driver_.ask("open log " + copy("unknown_version").string());
  EXPECT_TRUE(reply.starts_with("err ")) << reply;
  EXPECT_NE(reply.find("version"), std::string::npos) << reply;
}

TEST_P(CorpusTest, ReadsDeleteTombstone) {
  driver_.must("open kv " + copy("delete_tombstone").string());
  EXPECT_EQ(driver_.must_list("state"), std::vector<std::string>{word("alpha") + ' ' + word("3")});
  const std::vector<std::string> expected = {
      "Put 1 " + word("alpha") + ' ' + word("1") + " 1 0 34",
      "Put 2 " + word("beta") + ' ' + word("2") + " 1 34 33",
      "Put 3 " + word("alpha") + ' ' + word("3") + " 1 67 34",
      "Delete 4 " + word("beta") + " - 1 101 32"};
  EXPECT_EQ(driver_.must_list("dump"), expected);
}

TEST_P(CorpusTest, ReadsCompactToOutput) {
  driver_.must("open kv " + copy("compact_to_output").string());
  const std::vector<std::string> expected = {
      "Put 1 " + word("keep") + ' ' + word("final") + " 1 0 37",
      "Put 2 " + word("other") + ' ' + word("value") + " 1 37 38"};
  EXPECT_EQ(driver_.must_list("dump"), expected);
}

INSTANTIATE_TEST_SUITE_P(Implementations, CorpusTest,
                         testing::Values(kCrates[0], kCrates[1], kDatawal), implementation_name);

// The typed errors behind the refusals above.
TEST(CorpusErrorTest, NamesPlaceAndKind) {
  Scratch scratch;
  const fs::path bad_crc = scratch.fresh("copy");
  copy_store(kCorpus / "bad_crc", bad_crc);
  const Result<RecordLog> corrupt = RecordLog::open(bad_crc);
  ASSERT_FALSE(corrupt);
  EXPECT_EQ(corrupt.error().segment, SegmentId{2});
  EXPECT_EQ(corrupt.error().offset, 0U);
  const fs::path unknown = scratch.fresh("copy");
  copy_store(kCorpus / "unknown_version", unknown);
  const Result<RecordLog> unsupported = RecordLog::open(unknown);
  ASSERT_FALSE(unsupported);
  EXPECT_EQ(unsupported.error().code, ErrorCode::kUnsupportedVersion);
  EXPECT_NE(unsupported.error().message.find("51966"), std::string::npos)
      << unsupported.error().message;
}

}  // namespace
}  // namespace datawal::compat::corpus_test
