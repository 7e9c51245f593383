// The checkpoint of a store: the image of its key index beside its segments. A cache: deleting it
// changes nothing but the time that the next open takes.
#pragma once

#include <cstdint>
#include <expected>
#include <limits>

#include "file/filesystem.h"
#include "store/index_image.h"

namespace datawal {

// Replaces the checkpoint, atomically; after a failure the one before is still there. Its bytes are
// synced, its name is not: if a power cut loses that, the one before is there again, or none.
[[nodiscard]] Status write_index_checkpoint(Directory& directory, const IndexImageSource& source);

// What the checkpoint holds, if there is one that can be used, of so many bytes at most; its tables
// are loaded later.
[[nodiscard]] std::expected<LoadedIndex, UnusableImage> load_index_checkpoint(
    const Directory& directory, std::uint64_t size_max = std::numeric_limits<std::uint64_t>::max());

}  // namespace datawal
