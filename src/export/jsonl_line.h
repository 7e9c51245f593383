// One line of a JSONL export: {"key_b64":"...","value_b64":"..."} and a line feed.
#pragma once

#include <string>
#include <string_view>

#include "datawal/bytes.h"
#include "datawal/error.h"

namespace datawal {

// Appends the line of a key and its value, line feed included.
void append_jsonl_line(std::string& text, ByteView key, ByteView value);

struct KeyAndValue {
  Bytes key;
  Bytes value;
};

// The key and value of one line without its line feed. A JSON object with exactly the two fields,
// in any order; fails with kParse, or with kTooLarge for a key or value above its limit.
[[nodiscard]] Result<KeyAndValue> parse_jsonl_line(std::string_view line);

// The longest line that can hold a key and a value within their limits, spelled without needless
// blanks or escapes.
inline constexpr std::size_t kJsonlLineSizeMax = (65'536 + 67'108'864 + 4) / 3 * 4 + 64;

}  // namespace datawal
