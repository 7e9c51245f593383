// Base64 with the standard alphabet and padding (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "datawal/bytes.h"

namespace datawal {

[[nodiscard]] std::string base64_encode(ByteView bytes);

// Appends the encoding of `bytes` to `text`.
void base64_append(std::string& text, ByteView bytes);

// The bytes of `text`, or nullopt unless it is what base64_encode gives for them: padded,
// canonical, no blanks.
[[nodiscard]] std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace datawal
