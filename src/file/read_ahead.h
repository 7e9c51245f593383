// Has the system load bytes of a mapping that will be read soon.
#pragma once

#include "datawal/bytes.h"

namespace datawal {

// Begins to load those of each MiB of `mapped`, bytes of a FileView, that are not all in memory. A
// hint only. Costs a system call a MiB.
void read_ahead(ByteView mapped) noexcept;

}  // namespace datawal
