// Opening a store for a command, with the context that its errors need, and telling the user what
// recovery found.
#pragma once

#include <cstdint>
#include <string>

#include "datawal/datawal.h"
#include "tools/session.h"

namespace datawal::cli {

// For looking: no lock, nothing created. Errors begin with "open record log <store>: ".
[[nodiscard]] Result<RecordLogReader> open_reader(const std::string& store);
// The same with keys and values. Errors begin with "open store <store>: ".
[[nodiscard]] Result<DataWal> open_store_to_read(const std::string& store);

enum class Create { kNo, kYes };

// For writing; tells on standard error what became of a torn tail.
[[nodiscard]] Result<RecordLog> open_log_to_write(Session& session, const std::string& store,
                                                  Create create);
[[nodiscard]] Result<DataWal> open_store_to_write(Session& session, const std::string& store,
                                                  Create create);

// `error` with "<context>: " before its message.
[[nodiscard]] std::unexpected<Error> in_context(const std::string& context, Error error);

// What a log that was read to its end means for the exit code: kTailDamage, with a warning, where
// its tail is torn. A record that a live writer is just writing is no damage: it is taken out of
// the report.
[[nodiscard]] ExitCode judge_recovery(Session& session, const std::string& store,
                                      RecoveryReport& report);
// The same for a tail alone.
[[nodiscard]] ExitCode judge_tail(Session& session, const std::string& store, TailReport& tail);

// The bytes of the store's segments; 0 where that cannot be told. For estimates.
[[nodiscard]] std::uint64_t log_size(const std::string& store);

}  // namespace datawal::cli
