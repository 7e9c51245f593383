// Turns what decoding found into an Error that names the place.
#pragma once

#include <cstdint>
#include <string>

#include "datawal/frame.h"

namespace datawal {

// The code and the words for `outcome`, which is not a frame: "CRC mismatch, stored ..., computed
// ...".
[[nodiscard]] ErrorCode decode_error_code(const DecodeOutcome& outcome);
[[nodiscard]] std::string decode_error_text(const DecodeOutcome& outcome);

}  // namespace datawal
