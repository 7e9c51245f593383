#include "tools/input.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "file/posix_test_support.h"

namespace datawal::cli::input_test {
namespace {

class InputTest : public ::testing::Test {
 protected:
  InputFile input(const std::string& text) {
    test::write_text(scratch_ / "input", text);
    return *InputFile::open((scratch_ / "input").string());
  }

  // All lines, or those before an error.
  std::vector<std::string> lines(const std::string& text, std::size_t line_size_max = 100) {
    InputFile file = input(text);
    LineReader reader(file, line_size_max);
    std::vector<std::string> found;
    while (true) {
      const Result<std::optional<std::string_view>> line = reader.next();
      if (!line) found.push_back("error: " + line.error().message);
      if (!line || !*line) return found;
      found.emplace_back(**line);
      EXPECT_EQ(reader.line_number(), found.size());
    }
  }

  test::ScratchDirectory scratch_;
};

using Lines = std::vector<std::string>;

TEST_F(InputTest, LinesEndAtTheirLineFeedOrAtTheEnd) {
  EXPECT_EQ(lines(""), Lines());
  EXPECT_EQ(lines("one"), Lines({"one"}));
  EXPECT_EQ(lines("one\n"), Lines({"one"}));
  EXPECT_EQ(lines("one\n\n\r\ntwo"), Lines({"one", "", "\r", "two"}));
  EXPECT_EQ(lines(std::string("\0\n\xff", 3)), Lines({std::string(1, '\0'), "\xff"}));
}

TEST_F(InputTest, LinesMayCrossAnyBlock) {
  for (const std::size_t size : {1UL, 65'535UL, 262'143UL, 262'144UL, 262'145UL, 1'000'000UL}) {
    const std::string line(size, 'x');
    EXPECT_EQ(lines(line + "\n" + line + "\n" + line, 1'000'000), Lines({line, line, line}));
  }
}

TEST_F(InputTest, ALineThatIsTooLongIsAnError) {
  EXPECT_EQ(lines("one\n" + std::string(4, 'x') + "\n", 4), Lines({"one", "xxxx"}));
  const Lines found = lines("one\n" + std::string(5, 'x') + "\n", 4);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_NE(found[1].find("error: line 2 of "), std::string::npos);
  EXPECT_EQ(lines(std::string(1'000'000, 'x'), 4).size(), 1U);
}

TEST_F(InputTest, ReadAllStopsAtItsLimit) {
  for (const std::size_t size : {0UL, 1UL, 262'144UL, 262'145UL, 999'999UL, 1'000'000UL}) {
    InputFile file = input(std::string(size, 'x'));
    const Result<Bytes> bytes = read_all(file, 1'000'000);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size(), size);
  }
  InputFile file = input(std::string(1'000'001, 'x'));
  EXPECT_EQ(read_all(file, 1'000'000).error().code, ErrorCode::kTooLarge);
}

TEST_F(InputTest, AMissingFileAndADirectoryAreErrors) {
  EXPECT_EQ(InputFile::open((scratch_ / "missing").string()).error().code, ErrorCode::kNotFound);
  InputFile directory = *InputFile::open(scratch_.path().string());
  EXPECT_EQ(read_all(directory, 10).error().code, ErrorCode::kIo);
  EXPECT_EQ(directory.size(), std::nullopt);
}

}  // namespace
}  // namespace datawal::cli::input_test
