#include "tools/render.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/base64.h"

namespace datawal::cli {
namespace {

constexpr std::string_view kCutMark = "...";
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_printable_byte(std::byte byte) {
  const auto code = std::to_integer<unsigned>(byte);
  return code == '\t' || (code >= 0x20 && code <= 0x7E);
}

bool wants_text(BytesMode mode) {
  return mode == BytesMode::kAuto || mode == BytesMode::kRaw;
}

// Whether a printable text would be misread without quotes: as nothing, as two fields, as an
// encoded one, or as one that was cut.
bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of(" \t\"\\") != std::string_view::npos ||
         text.starts_with("b64:") || text.starts_with("hex:") || text.ends_with(kCutMark);
}

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char character : text) {
    if (character == '\t') {
      line += "\\t";
      continue;
    }
    if (character == '"' || character == '\\') line += '\\';
    line += character;
  }
  line += '"';
}

ByteView shown_part(ByteView bytes, BytesStyle style) {
  return style.truncate ? bytes.first(std::min(bytes.size(), kShownSizeMax)) : bytes;
}

void append_encoded(std::string& line, ByteView bytes, BytesMode mode) {
  mode == BytesMode::kHex ? append_hex(line, bytes) : base64_append(line, bytes);
}

}  // namespace

bool is_printable(ByteView bytes) {
  return std::ranges::all_of(bytes, is_printable_byte);
}

void append_field(std::string& line, ByteView bytes, BytesStyle style) {
  const ByteView shown = shown_part(bytes, style);
  if (wants_text(style.mode) && is_printable(bytes)) {
    needs_quotes(as_text(shown)) ? append_quoted(line, as_text(shown))
                                 : static_cast<void>(line.append(as_text(shown)));
  } else {
    line += style.mode == BytesMode::kHex ? "hex:" : "b64:";
    append_encoded(line, shown, style.mode);
  }
  if (shown.size() < bytes.size()) line += kCutMark;
}

ShownValue show_value(ByteView value, BytesStyle style) {
  const ByteView shown = shown_part(value, style);
  ShownValue result;
  if (!wants_text(style.mode)) {
    append_encoded(result.text, shown, style.mode);
  } else if (is_printable(value)) {
    result.text = as_text(shown);
  } else {
    result.is_binary = true;
    result.cut_size = value.size();
    return result;
  }
  result.cut_size = value.size() - shown.size();
  if (result.cut_size > 0) result.text += kCutMark;
  return result;
}

void append_hex(std::string& line, ByteView bytes) {
  for (const std::byte byte : bytes) {
    line += kHexDigits[std::to_integer<std::size_t>(byte >> 4)];
    line += kHexDigits[std::to_integer<std::size_t>(byte & std::byte{0x0F})];
  }
}

void append_number(std::string& line, std::uint64_t number) {
  append_padded(line, number, 0);
}

void append_padded(std::string& line, std::uint64_t number, std::size_t width, char fill) {
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  if (size < width) line.append(width - size, fill);
  line.append(digits.data(), size);
}

void append_labelled(std::string& text, std::string_view label, std::size_t width,
                     std::string_view value) {
  text.append(label).append(":");
  if (label.size() + 1 < width) text.append(width - label.size() - 1, ' ');
  text.append(value).append("\n");
}

void append_labelled(std::string& text, std::string_view label, std::size_t width,
                     std::uint64_t value) {
  std::string number;
  append_number(number, value);
  append_labelled(text, label, width, number);
}

void append_one_line(std::string& line, std::string_view text) {
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code < 0x20 || code == 0x7F) {
      line += "\\x";
      append_hex(line, as_bytes(std::string_view(&character, 1)));
    } else {
      line += character;
    }
  }
}

std::string one_line(std::string_view text) {
  std::string line;
  append_one_line(line, text);
  return line;
}

std::string decimal_text(double value, int digits) {
  std::array<char, 400> buffer;  // enough for any double
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::fixed, digits);
  return {buffer.data(), result.ptr};
}

std::string latency_text(std::chrono::nanoseconds latency) {
  const auto count = static_cast<double>(latency.count());
  if (count < 1e3) return decimal_text(count, 0) + " ns";
  if (count < 1e6) return decimal_text(count / 1e3, 1) + " us";
  if (count < 1e9) return decimal_text(count / 1e6, 1) + " ms";
  return decimal_text(count / 1e9, 1) + " s";
}

std::string size_text(std::uint64_t size) {
  constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::string text;
  if (size < 1024) {
    append_number(text, size);
    return text + " B";
  }
  std::size_t unit = 0;
  // Tenths of the unit, rounded down: a size never looks bigger than it is.
  while (unit + 1 < kUnits.size() && size >= std::uint64_t{1} << 20) {
    size /= 1024;
    ++unit;
  }
  append_number(text, size / 1024);
  text += '.';
  append_number(text, size % 1024 * 10 / 1024);
  return text.append(" ").append(kUnits[unit]);
}

}  // namespace datawal::cli
