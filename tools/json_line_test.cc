#include "tools/json_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace datawal::cli::json_line_test {
namespace {

std::string json_string(std::string_view text) {
  std::string line;
  append_json_string(line, text);
  return line;
}

TEST(JsonLine, KeepsTheOrderOfItsFields) {
  JsonLine line("kind");
  const std::vector<std::string> names = {"one", "two"};
  line.number("number", 18446744073709551615U)
      .number("nothing", std::nullopt)
      .number("something", std::optional<std::uint64_t>(1))
      .boolean("yes", true)
      .boolean("no", false)
      .base64("bytes", as_bytes("\xff"))
      .texts("names", names)
      .texts("none", {})
      .text("text", "a");
  EXPECT_EQ(line.finish(),
            "{\"schema\":\"datawal.cli.v1\",\"kind\":\"kind\",\"number\":18446744073709551615,"
            "\"nothing\":null,\"something\":1,\"yes\":true,\"no\":false,\"bytes\":\"/w==\","
            "\"names\":[\"one\",\"two\"],\"none\":[],\"text\":\"a\"}\n");
}

TEST(JsonLine, CanBeEmpty) {
  EXPECT_EQ(JsonLine().finish(), "{}\n");
}

TEST(JsonString, EscapesWhatJsonWants) {
  EXPECT_EQ(json_string("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(json_string("\n\r\t"), "\"\\n\\r\\t\"");
  EXPECT_EQ(json_string(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
}

TEST(JsonString, KeepsUtf8AndReplacesTheRest) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(json_string("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
            "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  EXPECT_EQ(json_string("a\xFF"
                        "b"),
            "\"a" + replacement + "b\"");
  EXPECT_EQ(json_string("\xC3"), "\"" + replacement + "\"");
  EXPECT_EQ(json_string("\xC0\x80"), "\"" + replacement + replacement + "\"");    // overlong
  EXPECT_EQ(json_string("\xE0\x80\x80").size(), 2 + 3 * replacement.size());      // overlong
  EXPECT_EQ(json_string("\xED\xA0\x80").size(), 2 + 3 * replacement.size());      // surrogate
  EXPECT_EQ(json_string("\xF4\x90\x80\x80").size(), 2 + 4 * replacement.size());  // too high
  EXPECT_EQ(json_string("\xF0\x80\x80\x80").size(), 2 + 4 * replacement.size());  // overlong
  EXPECT_EQ(json_string("\xE2\x82"
                        "x"),
            "\"" + replacement + replacement + "x\"");
}

TEST(JsonLine, DecimalsHaveThreeDigits) {
  JsonLine line;
  line.decimal("one", 1).decimal("more", 1234567.8916).decimal("less", 0.0004);
  EXPECT_EQ(line.finish(), "{\"one\":1.000,\"more\":1234567.892,\"less\":0.000}\n");
}

}  // namespace
}  // namespace datawal::cli::json_line_test
