#include "tools/render.h"

#include <gtest/gtest.h>

namespace datawal::cli::render_test {
namespace {

std::string field(std::string_view bytes, BytesMode mode = BytesMode::kAuto, bool truncate = true) {
  std::string line;
  append_field(line, as_bytes(bytes), {.mode = mode, .truncate = truncate});
  return line;
}

ShownValue value(std::string_view bytes, BytesMode mode, bool truncate = true) {
  return show_value(as_bytes(bytes), {.mode = mode, .truncate = truncate});
}

TEST(RenderField, ShowsTextAsItIs) {
  EXPECT_EQ(field("alpha"), "alpha");
  EXPECT_EQ(field("alpha", BytesMode::kRaw), "alpha");
  EXPECT_EQ(field("~!@#$%^&*()"), "~!@#$%^&*()");
}

TEST(RenderField, QuotesWhereABlankOrAQuoteWouldMislead) {
  EXPECT_EQ(field("two words"), "\"two words\"");
  EXPECT_EQ(field("say \"hi\""), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(field("back\\slash"), "\"back\\\\slash\"");
  EXPECT_EQ(field("tab\there"), "\"tab\\there\"");
}

TEST(RenderField, NothingIsAnEmptyString) {
  EXPECT_EQ(field(""), "\"\"");
  EXPECT_EQ(field("", BytesMode::kBase64), "b64:");
  EXPECT_EQ(field("", BytesMode::kHex), "hex:");
}

TEST(RenderField, EncodesWhatIsNoText) {
  EXPECT_EQ(field(std::string_view("\0\x01\xff", 3)), "b64:AAH/");
  EXPECT_EQ(field(std::string_view("\0\x01\xff", 3), BytesMode::kRaw), "b64:AAH/");
  EXPECT_EQ(field("line\n"), "b64:bGluZQo=");
  EXPECT_EQ(field("\x7f"), "b64:fw==");
}

TEST(RenderField, EncodesEverythingOnDemand) {
  EXPECT_EQ(field("alpha", BytesMode::kBase64), "b64:YWxwaGE=");
  EXPECT_EQ(field("\xde\xad\xbe\xef", BytesMode::kHex), "hex:deadbeef");
}

TEST(RenderField, QuotesWhatLooksEncodedOrCut) {
  EXPECT_EQ(field("b64:AAH/"), "\"b64:AAH/\"");
  EXPECT_EQ(field("hex:00"), "\"hex:00\"");
  EXPECT_EQ(field("and so on..."), "\"and so on...\"");
  EXPECT_EQ(field("b64"), "b64");
}

TEST(RenderField, MarksWhatItCuts) {
  EXPECT_EQ(field(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(field(std::string(65, 'x')), std::string(64, 'x') + "...");
  EXPECT_EQ(field(std::string(65, ' ')), "\"" + std::string(64, ' ') + "\"...");
  EXPECT_EQ(field(std::string(65, '\0'), BytesMode::kHex), "hex:" + std::string(128, '0') + "...");
  EXPECT_EQ(field(std::string(65, '\0')), "b64:" + std::string(86, 'A') + "==...");
  EXPECT_EQ(field(std::string(65, 'x'), BytesMode::kAuto, false), std::string(65, 'x'));
}

TEST(RenderField, IsTextOnlyIfAllOfItIs) {
  EXPECT_EQ(field(std::string(64, 'x') + "\n").substr(0, 8), "b64:eHh4");
}

TEST(RenderValue, ShowsText) {
  for (const BytesMode mode : {BytesMode::kAuto, BytesMode::kRaw}) {
    EXPECT_EQ(value("two words", mode).text, "two words");
    EXPECT_EQ(value("", mode).text, "");
    EXPECT_FALSE(value("", mode).is_binary);
  }
}

TEST(RenderValue, ShowsNoBytesThatAreNoText) {
  const ShownValue shown = value("\x01\x02", BytesMode::kAuto);
  EXPECT_TRUE(shown.is_binary);
  EXPECT_EQ(shown.text, "");
  EXPECT_EQ(shown.cut_size, 2U);
}

TEST(RenderValue, EncodesWithoutAPrefix) {
  EXPECT_EQ(value(std::string_view("\0\x01\xff", 3), BytesMode::kBase64).text, "AAH/");
  EXPECT_EQ(value(std::string_view("\0\x01\xff", 3), BytesMode::kHex).text, "0001ff");
}

TEST(RenderValue, CountsAndMarksWhatItCuts) {
  const ShownValue shown = value(std::string(100, 'v'), BytesMode::kAuto);
  EXPECT_EQ(shown.text, std::string(64, 'v') + "...");
  EXPECT_EQ(shown.cut_size, 36U);
  EXPECT_EQ(value(std::string(100, 'v'), BytesMode::kHex).cut_size, 36U);
  EXPECT_EQ(value(std::string(100, 'v'), BytesMode::kAuto, false).cut_size, 0U);
  EXPECT_EQ(value(std::string(64, 'v'), BytesMode::kAuto).cut_size, 0U);
}

TEST(Render, LabelsFillTheirColumn) {
  std::string text;
  append_labelled(text, "schema", 10, kSchema);
  append_labelled(text, "nine_long", 10, 7);
  append_labelled(text, "longer_than_that", 10, 18446744073709551615U);
  EXPECT_EQ(text, "schema:   datawal.cli.v1\nnine_long:7\nlonger_than_that:18446744073709551615\n");
}

TEST(Render, NumbersArePadded) {
  std::string text;
  append_padded(text, 42, 8, '0');
  append_padded(text, 42, 5);
  append_padded(text, 123456, 3);
  EXPECT_EQ(text, "00000042   42123456");
}

TEST(Render, ControlCharactersStayHarmless) {
  EXPECT_EQ(one_line("a\nb\x1b[31m\x7f\t\xc3\xa9"), "a\\x0ab\\x1b[31m\\x7f\\x09\xc3\xa9");
}

TEST(Render, SizesInUnits) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(1024 * 1024 - 1), "1023.9 KiB");
  EXPECT_EQ(size_text(1024 * 1024), "1.0 MiB");
  EXPECT_EQ(size_text(5ULL << 40), "5.0 TiB");
  EXPECT_EQ(size_text(~0ULL), "15.9 EiB");
}

TEST(LatencyText, HasAUnitThatFits) {
  using std::chrono::nanoseconds;
  EXPECT_EQ(latency_text(nanoseconds(0)), "0 ns");
  EXPECT_EQ(latency_text(nanoseconds(999)), "999 ns");
  EXPECT_EQ(latency_text(nanoseconds(1'500)), "1.5 us");
  EXPECT_EQ(latency_text(nanoseconds(2'000'000)), "2.0 ms");
  EXPECT_EQ(latency_text(nanoseconds(61'000'000'000)), "61.0 s");
}

TEST(DecimalText, IsRounded) {
  EXPECT_EQ(decimal_text(2.5), "2.50");
  EXPECT_EQ(decimal_text(0.005, 1), "0.0");
}

}  // namespace
}  // namespace datawal::cli::render_test
