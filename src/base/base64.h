// Base64 with the standard alphabet and padding (RFC 4648, section 4).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "datawal/bytes.h"

namespace datawal {

[[nodiscard]] std::string base64_encode(ByteView bytes);

// Appends the encoding of `bytes` to `text`.
void base64_append(std::string& text, ByteView bytes);

// How many characters so many bytes are.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t byte_count) noexcept {
  return (byte_count + 2) / 3 * 4;
}

// Writes the encoding of `bytes` to `text`, and gives its end. Uses the processor's vector
// instructions where there are some, chosen once at run time.
char* base64_encode_to(char* text, ByteView bytes) noexcept;

// The bytes of `text`, or nullopt unless it is what base64_encode gives for them: padded,
// canonical, no blanks.
[[nodiscard]] std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace datawal
