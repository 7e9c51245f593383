// Has the system load bytes of a mapping that will be read soon.
#pragma once

#include <cstdint>

#include "datawal/bytes.h"

namespace datawal {

// Begins to load those of each MiB of `mapped`, bytes of a FileView, that are not all in memory. A
// hint only. Costs a system call a MiB.
void read_ahead(ByteView mapped) noexcept;
// Begins to load the pages of `mapped`, at most 256 of a FileView, unless all of them are in
// memory. Gives whether it did. Costs a system call, or two.
bool begin_reading(ByteView mapped) noexcept;

// How many pages this process has had to wait for until now, because they were read from a disk.
// Costs a system call.
[[nodiscard]] std::uint64_t awaited_page_count() noexcept;

}  // namespace datawal
