// What can be told of a frame of a format that this build does not know.
#pragma once

#include <cstddef>
#include <optional>

#include "datawal/bytes.h"

namespace datawal {

// The size of the frame whose first kFrameHeaderSize bytes are `header`, if it is one of another
// version, type or flags that is laid out as version 1 is; nullopt otherwise, and where a size is
// above its limit.
[[nodiscard]] std::optional<std::size_t> unknown_frame_size(ByteView header);

}  // namespace datawal
