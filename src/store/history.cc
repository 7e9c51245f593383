#include "datawal/history.h"

#include <utility>

#include "base/bytes_equal.h"
#include "base/try.h"
#include "datawal/data_wal.h"

namespace datawal {

VersionCursor::VersionCursor(RecordCursor records, Bytes key)
    : records_(std::move(records)), key_(std::move(key)) {}

Result<std::optional<ScannedRecord>> VersionCursor::next() {
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, records_.next());
    if (!record) return std::nullopt;
    if (record->type != RecordType::kRaw && bytes_equal(record->key, key_)) return record;
  }
}

VersionCursor DataWal::history(ByteView key) const {
  return {scan(), to_bytes(key)};
}

}  // namespace datawal
