// Has the system load bytes of a mapping that will be read soon.
#pragma once

#include "datawal/bytes.h"

namespace datawal {

// Begins to load `mapped`, bytes of a FileView, unless their beginning is in memory already. A hint
// only. Costs a system call.
void read_ahead(ByteView mapped) noexcept;

}  // namespace datawal
