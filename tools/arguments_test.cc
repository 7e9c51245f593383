#include "tools/arguments.h"

#include <gtest/gtest.h>

namespace datawal::cli::arguments_test {
namespace {

TEST(Arguments, ComeBackAsTheyWere) {
  const std::vector<std::string> arguments = {"[a,b]", "[", "{}", "++", "--key=", "--key=[x]",
                                              "plain", "",  "--", "-",  "[]",     "-n"};
  const std::vector<std::string> guarded = protect_arguments(arguments);
  ASSERT_EQ(guarded.size(), arguments.size());
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    EXPECT_EQ(unprotected(guarded[index]), arguments[index]);
  }
  EXPECT_EQ(guarded[6], "plain");
  EXPECT_NE(guarded[0], arguments[0]);
}

TEST(Arguments, NumbersAreDecimal) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("010"), 10U);
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615U);
  for (const char* const text :
       {"", "-1", "+1", "0x1", "1 ", " 1", "1.0", "18446744073709551616", "one"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(Arguments, BytesModesHaveNames) {
  EXPECT_EQ(BytesArguments{.mode = "auto"}.style().mode, BytesMode::kAuto);
  EXPECT_EQ(BytesArguments{.mode = "raw"}.style().mode, BytesMode::kRaw);
  EXPECT_EQ(BytesArguments{.mode = "base64"}.style().mode, BytesMode::kBase64);
  EXPECT_EQ(BytesArguments{.mode = "hex"}.style().mode, BytesMode::kHex);
  EXPECT_TRUE(BytesArguments().style().truncate);
  EXPECT_FALSE((BytesArguments{.mode = "hex", .no_truncate = true}.style().truncate));
}

}  // namespace
}  // namespace datawal::cli::arguments_test
