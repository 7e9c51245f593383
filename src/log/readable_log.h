// What a reader without a lock sees of a log, as a copy.
#pragma once

#include <memory>

#include "log/log_copy.h"
#include "log/log_view.h"

namespace datawal {

// Where the records of a log end, and what is behind them.
struct LogEnd {
  Position position = {};
  TailReport tail = {};
};

// Reads the last segment, by the rules of recovery. Fails where a scan of it would.
[[nodiscard]] Result<LogEnd> find_end(const LogView& view);

// Completes `copy`, of the log in `source`, up to the end of its records, and verifies it. Gives
// what is behind them in the source. Fails as find_end() and LogCopy do.
[[nodiscard]] Result<TailReport> take_readable(LogCopy& copy,
                                               const std::shared_ptr<Directory>& source,
                                               const Filesystem& filesystem);

}  // namespace datawal
