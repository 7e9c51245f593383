// All of datawal. See the headers for what each part promises.
#pragma once

#include "datawal/backup.h"             // IWYU pragma: export
#include "datawal/bytes.h"              // IWYU pragma: export
#include "datawal/data_wal.h"           // IWYU pragma: export
#include "datawal/error.h"              // IWYU pragma: export
#include "datawal/event.h"              // IWYU pragma: export
#include "datawal/frame.h"              // IWYU pragma: export
#include "datawal/history.h"            // IWYU pragma: export
#include "datawal/item.h"               // IWYU pragma: export
#include "datawal/maintenance.h"        // IWYU pragma: export
#include "datawal/options.h"            // IWYU pragma: export
#include "datawal/record_log.h"         // IWYU pragma: export
#include "datawal/record_log_reader.h"  // IWYU pragma: export
#include "datawal/snapshot.h"           // IWYU pragma: export
#include "datawal/stats.h"              // IWYU pragma: export
#include "datawal/store_stats.h"        // IWYU pragma: export
#include "datawal/value.h"              // IWYU pragma: export
#include "datawal/write_batch.h"        // IWYU pragma: export
