#include "tools/keys.h"

#include <gtest/gtest.h>

namespace datawal::cli::keys_test {
namespace {

std::string key_of(const KeyArguments& arguments) {
  const Result<Bytes> key = decode_key(arguments);
  return key ? std::string(as_text(*key)) : "error: " + key.error().message;
}

TEST(Keys, ComeInThreeForms) {
  EXPECT_EQ(key_of({.text = "alpha", .hex = {}, .base64 = {}}), "alpha");
  EXPECT_EQ(key_of({.text = {}, .hex = "616c70686F", .base64 = {}}), "alpho");
  EXPECT_EQ(key_of({.text = {}, .hex = {}, .base64 = "YWxwaGE="}), "alpha");
  EXPECT_EQ(key_of({.text = {}, .hex = "", .base64 = {}}), "");
}

TEST(Keys, ExactlyOneMayBeGiven) {
  EXPECT_EQ(key_of({}), "error: pass exactly one of --key, --key-base64, or --key-hex");
  EXPECT_EQ(key_of({.text = "a", .hex = "61", .base64 = "YQ=="}).find("error: --key cannot be"),
            0U);
}

TEST(Keys, EveryByteIsReadFromHex) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (const char* const digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
      const Result<Bytes> bytes = decode_hex({std::string{digits[byte / 16], digits[byte % 16]}});
      ASSERT_TRUE(bytes);
      ASSERT_EQ(*bytes, Bytes{std::byte{static_cast<unsigned char>(byte)}});
    }
  }
}

TEST(Keys, EveryOtherCharacterIsRefused) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  for (int code = 0; code < 256; ++code) {
    const auto character = static_cast<char>(code);
    if (kDigits.find(character) != std::string_view::npos) continue;
    const Result<Bytes> bytes = decode_hex(std::string{'0', character});
    ASSERT_FALSE(bytes);
    ASSERT_EQ(bytes.error().message,
              std::string("invalid --key-hex: non-hex byte '") + character + "'");
  }
  EXPECT_EQ(decode_hex("123").error().message, "invalid --key-hex: odd length");
}

TEST(Keys, TheLargestKeyIsTheLimit) {
  EXPECT_TRUE(decode_key({.text = std::string(65'536, 'k'), .hex = {}, .base64 = {}}));
  const Result<Bytes> larger =
      decode_key({.text = std::string(65'537, 'k'), .hex = {}, .base64 = {}});
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace datawal::cli::keys_test
