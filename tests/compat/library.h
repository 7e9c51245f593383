// The library as the tests call it: values or exceptions, and records as the drivers show them.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "datawal/record_log.h"
#include "notation.h"

namespace datawal::compat {

// The value of `result`; throws std::runtime_error with the text of its error.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Every record from `cursor` on.
inline std::vector<std::string> dump(RecordCursor cursor) {
  std::vector<std::string> lines;
  while (const std::optional<ScannedRecord> record = must(cursor.next())) {
    lines.push_back(show(*record));
  }
  return lines;
}

}  // namespace datawal::compat
