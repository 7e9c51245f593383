#include "export/line_reader.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/segment_builder.h"

namespace datawal::line_reader_test {
namespace {

using Lines = std::vector<std::string>;

// All lines, or those before an error and the error.
Lines lines_of(std::string_view text, std::size_t line_size_max = 3'000'000) {
  const test::MemoryFile file(to_bytes(as_bytes(text)));
  LineReader reader(file, line_size_max);
  Lines lines;
  while (true) {
    const auto line = reader.next();
    if (!line) lines.push_back("error: " + line.error().message);
    if (!line || !*line) return lines;
    lines.emplace_back(**line);
    EXPECT_EQ(reader.line_number(), lines.size());
  }
}

TEST(LineReader, GivesLinesWithoutTheirLineFeed) {
  EXPECT_EQ(lines_of(""), Lines());
  EXPECT_EQ(lines_of("one\n"), Lines({"one"}));
  EXPECT_EQ(lines_of("\n\r\none\n"), Lines({"", "\r", "one"}));
}

TEST(LineReader, TheLastLineNeedsItsLineFeed) {
  const Lines lines = lines_of("one\ntwo");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "one");
  EXPECT_EQ(lines[1].find("error: the line has no line feed"), 0U);
}

TEST(LineReader, LinesMayCrossAnyStepOfReading) {
  constexpr std::size_t kStep = std::size_t{1} << 20;
  for (const std::size_t size : {kStep - 1, kStep, kStep + 1, 2 * kStep, 2 * kStep + 500}) {
    const std::string line(size, 'x');
    EXPECT_EQ(lines_of(line + "\nshort\n" + line + "\n"), Lines({line, "short", line})) << size;
  }
}

TEST(LineReader, ALineThatIsTooLongIsAnError) {
  const Lines lines = lines_of("four\n" + std::string(2'000'000, 'x'), 100);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].find("error: the line is longer"), 0U);
}

TEST(LineReader, CountsTheBytesOfTheLinesGiven) {
  const test::MemoryFile file(to_bytes(as_bytes("one\n\nthree\n")));
  LineReader reader(file, 100);
  for (const std::uint64_t offset : {4U, 5U, 11U, 11U}) {
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.offset(), offset);
  }
}

}  // namespace
}  // namespace datawal::line_reader_test
