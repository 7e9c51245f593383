#include "base/base64.h"

#include <gtest/gtest.h>

#include <random>

namespace datawal::base64_test {
namespace {

TEST(Base64, KnownValues) {
  EXPECT_EQ(base64_encode({}), "");
  EXPECT_EQ(base64_encode(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64_encode(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64_encode(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(base64_encode(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_encode(Bytes{std::byte{0xFB}, std::byte{0xFF}}), "+/8=");
}

TEST(Base64, DecodesWhatItEncodesAtEveryLength) {
  std::mt19937_64 random(64);
  Bytes bytes;
  for (std::size_t size = 0; size < 300; ++size) {
    const auto decoded = base64_decode(base64_encode(bytes));
    ASSERT_TRUE(decoded);
    ASSERT_EQ(*decoded, bytes);
    bytes.push_back(static_cast<std::byte>(random()));
  }
}

TEST(Base64, RefusesEverythingElse) {
  for (const std::string_view text :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Zm9v\n", " Zm9v", "Zm-v", "Zm_v",
        "====", "=g==", "Z===", "Zg==Zg==", "Zm9vZg=a", "Zm=v"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  EXPECT_FALSE(base64_decode(std::string_view("Zm\0v", 4)));
}

TEST(Base64, EveryAcceptedQuadIsCanonical) {
  const std::string_view letters = "AZaz09+/=-_ g";
  for (const char a : letters) {
    for (const char b : letters) {
      for (const char c : letters) {
        for (const char d : letters) {
          const std::string text{a, b, c, d};
          const auto decoded = base64_decode(text);
          if (decoded) {
            EXPECT_EQ(base64_encode(*decoded), text);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace datawal::base64_test
