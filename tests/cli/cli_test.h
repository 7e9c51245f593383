// What the tests of the command share: a store to run it on, and stores made byte by byte.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "datawal/datawal.h"
#include "file/posix_test_support.h"

namespace datawal::test {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Words = std::vector<std::string>;

// One record of a store made by hand.
struct Frame {
  RecordType type = RecordType::kPut;
  Txid txid = 0;
  std::string key;
  std::string payload;
};

// The bytes of these frames, one behind the other.
[[nodiscard]] std::string encode(const std::vector<Frame>& frames);

// Makes `bytes` a segment of the store; nothing but segments makes it a foreign store, without a
// watermark.
void write_segment(const std::filesystem::path& store, unsigned id, std::string_view bytes);
[[nodiscard]] std::filesystem::path segment_path(const std::filesystem::path& store, unsigned id);

// The names of the entries of a directory, sorted, each with a blank behind it.
[[nodiscard]] std::string names_in(const std::filesystem::path& directory);
// The names and bytes of all files of a directory, to see that nothing has changed.
[[nodiscard]] std::string contents_of(const std::filesystem::path& directory);

class CliTest : public ::testing::Test {
 protected:
  [[nodiscard]] const std::string& store() const { return store_; }
  [[nodiscard]] std::string path(std::string_view name) const { return (scratch_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& directory() const { return scratch_.path(); }

  // Runs the command and expects this end.
  Outcome expect(std::string_view end, const Words& arguments, const CommandOptions& options = {});
  // Runs it, expects success and nothing on standard error, and gives its standard output.
  std::string output(const Words& arguments, const CommandOptions& options = {});

  // A store of this program: alpha=1, beta=2, alpha=3, delete beta, and a Raw record; in two
  // segments, with txids 1 to 5.
  void make_sample_store();
  // A foreign store: three Puts a=1, b=2, c=3 and seven bytes of a fourth record.
  void make_torn_store();
  // A store whose first of two segments has a damaged record between two intact ones.
  void make_corrupt_store();

 private:
  ScratchDirectory scratch_;
  std::string store_ = (scratch_ / "state").string();
};

}  // namespace datawal::test
