// VersionCursor: all versions of one key that a log still has.
//
//   datawal::VersionCursor versions = store.history(datawal::as_bytes("cursor"));
//   while (auto version = versions.next()) {
//     if (!*version) break;
//     /* (*version)->txid; (*version)->type is kPut, with the value as payload, or kDelete */
//   }
//
// Thread safety: a cursor belongs to one thread at a time.
#pragma once

#include <optional>

#include "datawal/bytes.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/record_log.h"

namespace datawal {

// Reads on through the records of a log and gives the puts and removals of one key, oldest first.
// Movable. Works as long as the RecordCursor that it was made from.
class DATAWAL_EXPORT VersionCursor {
 public:
  VersionCursor(RecordCursor records, Bytes key);

  // The next version, or nullopt at the end. The views are valid until the next call. Fails as
  // RecordCursor::next does. Cost: reads the log up to there.
  [[nodiscard]] Result<std::optional<ScannedRecord>> next();

  // What has been read of the log so far; complete once next() has given nullopt.
  [[nodiscard]] const RecoveryReport& report() const { return records_.report(); }

 private:
  RecordCursor records_;
  Bytes key_;
};

}  // namespace datawal
