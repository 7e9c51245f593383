#include "export/jsonl_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace datawal::jsonl_line_test {
namespace {

using ::testing::HasSubstr;

std::string line_of(std::string_view key, std::string_view value) {
  std::string line = "before ";
  append_jsonl_line(line, as_bytes(key), as_bytes(value));
  return line;
}

// "key/value", or why not.
std::string parsed(std::string_view line) {
  const Result<KeyAndValue> record = parse_jsonl_line(line);
  if (!record) return record.error().message;
  return std::string(as_text(record->key)) + "/" + std::string(as_text(record->value));
}

TEST(JsonlLine, HasTheBytesOfTheContract) {
  EXPECT_EQ(line_of("alpha", "1"), "before {\"key_b64\":\"YWxwaGE=\",\"value_b64\":\"MQ==\"}\n");
  EXPECT_EQ(line_of("", ""), "before {\"key_b64\":\"\",\"value_b64\":\"\"}\n");
}

TEST(JsonlLine, GivesBackEveryByte) {
  std::mt19937 random(20240611);
  for (std::size_t size = 0; size < 300; ++size) {
    Bytes key(size);
    Bytes value(300 - size);
    for (std::byte& byte : key) byte = static_cast<std::byte>(random());
    for (std::byte& byte : value) byte = static_cast<std::byte>(random());
    std::string line;
    append_jsonl_line(line, key, value);
    line.pop_back();
    const Result<KeyAndValue> record = parse_jsonl_line(line);
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(record->key, key);
    EXPECT_EQ(record->value, value);
  }
}

TEST(JsonlLine, AnyJsonOfTheSameMeaningIsTaken) {
  EXPECT_EQ(parsed(R"({"value_b64":"MQ==","key_b64":"YQ=="})"), "a/1");
  EXPECT_EQ(parsed(" {\t\"key_b64\" : \"YQ==\" , \"value_b64\" : \"MQ==\" } "), "a/1");
  EXPECT_EQ(parsed(R"({"\u006bey_b64":"YQ\u003d=","value_b64":"\/w=="})"), "a/\xff");
  EXPECT_EQ(parsed("{\"key_b64\":\"YQ==\",\"value_b64\":\"MQ==\"}\r"), "a/1");
}

TEST(JsonlLine, SaysWhatIsWrong) {
  EXPECT_EQ(parsed(R"({"key_b64":"YQ=="})"), "field \"value_b64\" is missing");
  EXPECT_EQ(parsed(R"({"value_b64":"YQ=="})"), "field \"key_b64\" is missing");
  EXPECT_EQ(parsed("{}"), "field \"key_b64\" is missing");
  EXPECT_EQ(parsed(R"({"key_b64":"","key_b64":"","value_b64":""})"),
            "field \"key_b64\" is there twice");
  EXPECT_EQ(parsed(R"({"key_b64":"","value_b64":"","more":1})"), "unknown field \"more\"");
  EXPECT_EQ(parsed(R"({"key_b64":"YQ","value_b64":""})"),
            "key_b64 is not standard base64 with padding");
  EXPECT_EQ(parsed(R"({"key_b64":"","value_b64":"_w=="})"),
            "value_b64 is not standard base64 with padding");
  EXPECT_EQ(parsed(R"({"key_b64":1,"value_b64":""})"),
            "expected key_b64 to be a string, found a number");
  EXPECT_EQ(parsed(R"({"key_b64":null,"value_b64":""})"),
            "expected key_b64 to be a string, found null");
  EXPECT_EQ(parsed(R"({"key_b64":"","value_b64":[""]})"),
            "expected value_b64 to be a string, found an array");
  EXPECT_EQ(parsed(R"({"key_b64":{},"value_b64":""})"),
            "expected key_b64 to be a string, found an object");
  EXPECT_EQ(parsed("[]"), "expected an object, found an array");
  EXPECT_EQ(parsed("\"text\""), "expected an object, found a string");
  EXPECT_EQ(parsed("true"), "expected an object, found a boolean");
}

TEST(JsonlLine, WhatIsNoJsonIsRefused) {
  for (const std::string_view line :
       {"", " ", "{", "nonsense", R"({"key_b64":"","value_b64":""}x)",
        R"({"key_b64":"","value_b64":""}{})", R"({"key_b64":"","value_b64":"",})",
        R"({key_b64:"","value_b64":""})", "{'key_b64':'','value_b64':''}",
        "{\"key_b64\":\"\xff\",\"value_b64\":\"\"}", "\xef\xbb\xbf{}"}) {
    EXPECT_THAT(parsed(line), HasSubstr("not a JSON object")) << line;
  }
}

TEST(JsonlLine, EveryBeginningOfALineIsRefused) {
  const std::string line = R"({"key_b64":"YWxwaGE=","value_b64":"MQ=="})";
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_FALSE(parse_jsonl_line(std::string_view(line).substr(0, size))) << size;
  }
}

TEST(JsonlLine, NestingCostsNothing) {
  EXPECT_EQ(parsed(std::string(10'000'000, '[')), "expected an object, found an array");
  EXPECT_EQ(parsed(R"({"key_b64":)" + std::string(10'000'000, '{')),
            "expected key_b64 to be a string, found an object");
}

}  // namespace
}  // namespace datawal::jsonl_line_test
