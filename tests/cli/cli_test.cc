#include "cli/cli_test.h"

#include <algorithm>
#include <set>

namespace datawal::test {

std::string encode(const std::vector<Frame>& frames) {
  std::string bytes;
  for (const Frame& frame : frames) {
    Bytes buffer(frame_size(frame.key.size(), frame.payload.size()));
    const Result<std::size_t> size = encode_frame(buffer, {.type = frame.type,
                                                           .txid = frame.txid,
                                                           .key = as_bytes(frame.key),
                                                           .payload = as_bytes(frame.payload)});
    EXPECT_TRUE(size);
    bytes += as_text(buffer);
  }
  return bytes;
}

std::filesystem::path segment_path(const std::filesystem::path& store, unsigned id) {
  std::string digits = std::to_string(id);
  return store / (std::string(8 - digits.size(), '0') + digits + ".dwal");
}

void write_segment(const std::filesystem::path& store, unsigned id, std::string_view bytes) {
  std::filesystem::create_directories(store);
  write_text(segment_path(store, id), bytes);
}

std::string names_in(const std::filesystem::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.insert(entry.path().filename().string());
  }
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

std::string contents_of(const std::filesystem::path& directory) {
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    paths.insert(entry.path());
  }
  std::string text;
  for (const std::filesystem::path& path : paths) {
    text += path.string() + "\n";
    if (std::filesystem::is_regular_file(path)) text += read_text(path) + "\n";
  }
  return text;
}

Outcome CliTest::expect(std::string_view end, const Words& arguments,
                        const CommandOptions& options) {
  Outcome outcome = run_command(arguments, options);
  EXPECT_EQ(outcome.end, end) << ::testing::PrintToString(arguments) << "\n"
                              << ::testing::PrintToString(outcome);
  return outcome;
}

std::string CliTest::output(const Words& arguments, const CommandOptions& options) {
  const Outcome outcome = expect("exit 0", arguments, options);
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

void CliTest::make_sample_store() {
  Result<DataWal> opened = DataWal::open(store());
  ASSERT_TRUE(opened) << opened.error().to_string();
  ASSERT_TRUE(opened->put(as_bytes("alpha"), as_bytes("1")));
  ASSERT_TRUE(opened->put(as_bytes("beta"), as_bytes("2")));
  ASSERT_TRUE(opened->rotate());
  ASSERT_TRUE(opened->put(as_bytes("alpha"), as_bytes("3")));
  ASSERT_TRUE(opened->remove(as_bytes("beta")));
  ASSERT_TRUE(opened->append(as_bytes("note")));
  ASSERT_TRUE(opened->close());
}

void CliTest::make_torn_store() {
  const std::string next = encode({{RecordType::kPut, 4, "d", "4"}});
  write_segment(store(), 1,
                encode({{RecordType::kPut, 1, "a", "1"},
                        {RecordType::kPut, 2, "b", "2"},
                        {RecordType::kPut, 3, "c", "3"}}) +
                    next.substr(0, 7));
}

void CliTest::make_corrupt_store() {
  std::string first = encode({{RecordType::kPut, 1, "a", "1"},
                              {RecordType::kPut, 2, "b", "2"},
                              {RecordType::kPut, 3, "c", "3"}});
  first[30 + 25] = '?';  // the second record's value
  write_segment(store(), 1, first);
  write_segment(store(), 2, encode({{RecordType::kPut, 4, "d", "4"}}));
}

}  // namespace datawal::test
