// How bytes and numbers look to a person. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "datawal/bytes.h"

namespace datawal::cli {

inline constexpr std::string_view kSchema = "datawal.cli.v1";

enum class BytesMode { kAuto, kRaw, kBase64, kHex };

struct BytesStyle {
  BytesMode mode = BytesMode::kAuto;
  bool truncate = true;  // show kShownSizeMax bytes at most, and mark what was cut
};

inline constexpr std::size_t kShownSizeMax = 64;

// Whether every byte is a printable ASCII character, a blank or a tab; no bytes are.
[[nodiscard]] bool is_printable(ByteView bytes);

// Appends `bytes` as a field of a line: as they are if they are printable and the mode allows it,
// in double quotes where they could be taken for something else, and otherwise as "b64:..." or
// "hex:...". What is cut ends in "...", outside of any quotes.
void append_field(std::string& line, ByteView bytes, BytesStyle style);

// What `get` shows of a value on a terminal.
struct ShownValue {
  std::string text;          // without an end of line; a cut one ends in "..."
  bool is_binary = false;    // nothing is shown: the mode wants text and these bytes are none
  std::size_t cut_size = 0;  // bytes of the value that are not in `text`
};
[[nodiscard]] ShownValue show_value(ByteView value, BytesStyle style);

void append_hex(std::string& line, ByteView bytes);
void append_number(std::string& line, std::uint64_t number);
// The number with at least `width` characters, filled up with `fill` from the left.
void append_padded(std::string& line, std::uint64_t number, std::size_t width, char fill = ' ');
// "<label>:" filled up with blanks to `width`, the value, and a line feed.
void append_labelled(std::string& text, std::string_view label, std::size_t width,
                     std::string_view value);
void append_labelled(std::string& text, std::string_view label, std::size_t width,
                     std::uint64_t value);

// Appends `text` with control characters as "\xNN", so that it stays one harmless line.
void append_one_line(std::string& line, std::string_view text);
[[nodiscard]] std::string one_line(std::string_view text);

// "1.50"; with so many digits behind the point.
[[nodiscard]] std::string decimal_text(double value, int digits = 2);
// "512 ns", "1.5 us", "3.0 ms", "2.0 s"
[[nodiscard]] std::string latency_text(std::chrono::nanoseconds latency);
// "512 B", "1.5 KiB", "3.0 GiB"
[[nodiscard]] std::string size_text(std::uint64_t size);

}  // namespace datawal::cli
