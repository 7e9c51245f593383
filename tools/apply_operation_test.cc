#include "tools/apply_operation.h"

#include <gtest/gtest.h>

#include <string>

namespace datawal::cli::apply_operation_test {
namespace {

std::string show(const Result<Operation>& operation) {
  if (!operation) return "error: " + operation.error().message;
  std::string text(operation_name(operation->kind));
  text.append("/").append(as_text(operation->key)).append("/").append(as_text(operation->value));
  return text;
}

TEST(ApplyOperation, ReadsEveryKind) {
  EXPECT_EQ(show(parse_operation(R"({"op":"put","key":"k","value":"v"})")), "put/k/v");
  EXPECT_EQ(show(parse_operation(R"({"op":"put","key_b64":"aw==","value_b64":""})")), "put/k/");
  EXPECT_EQ(show(parse_operation(R"({"op":"delete","key":""})")), "delete//");
  EXPECT_EQ(show(parse_operation(R"({"op":"append","value":"v"})")), "append//v");
  EXPECT_EQ(show(parse_operation(R"({"op":"sync"})")), "sync//");
  EXPECT_EQ(show(parse_operation(R"( { "op" : "rotate" } )")), "rotate//");
}

TEST(ApplyOperation, ReadsTextWithItsEscapes) {
  EXPECT_EQ(show(parse_operation(R"({"op":"append","value":"\"\\\u0041\ud83d\ude00\n"})")),
            "append//\"\\A\xF0\x9F\x98\x80\n");
  const Result<Operation> nul = parse_operation(R"({"op":"append","value":"a\u0000b"})");
  ASSERT_TRUE(nul);
  EXPECT_EQ(as_text(nul->value), std::string_view("a\0b", 3));
}

TEST(ApplyOperation, RefusesEveryBeginningOfALine) {
  const std::string line = R"({"op":"put","key_b64":"aw==","value":"v"})";
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_FALSE(parse_operation(std::string_view(line).substr(0, size))) << size;
  }
  EXPECT_TRUE(parse_operation(line));
}

TEST(ApplyOperation, RefusesDeepNestingWithoutDescending) {
  EXPECT_EQ(show(parse_operation(std::string(1'000'000, '['))),
            "error: an operation is a JSON object");
  EXPECT_EQ(show(parse_operation("{\"op\":" + std::string(1'000'000, '{'))),
            "error: every field must be a string");
}

TEST(ApplyOperation, EveryErrorIsOfTheInput) {
  for (const char* const line :
       {"", "null", "1", "{\"op\":null}", "{\"op\":true}", "{\"op\":1.5}", "{\"op\":\"sync\"}{}",
        "{\"op\":\"sync\",}", "{'op':'sync'}", "{\"op\":\"SYNC\"}", "{\"op\":\"sync\",\"\":\"\"}",
        "{\"op\":\"append\",\"value_b64\":\"A\"}", "{\"op\":\"append\",\"value_b64\":\"AA=\"}",
        "{\"op\":\"append\",\"value\":\"\xC0\x80\"}",
        "{\"op\":\"append\",\"value\":\"\\ud800\"}"}) {
    const Result<Operation> operation = parse_operation(line);
    ASSERT_FALSE(operation) << line;
    EXPECT_EQ(operation.error().code, ErrorCode::kParse) << line;
    EXPECT_NE(operation.error().message, "") << line;
  }
}

}  // namespace
}  // namespace datawal::cli::apply_operation_test
