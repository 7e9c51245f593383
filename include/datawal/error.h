// What went wrong, where, and what to do about it.
//
//   datawal::Result<datawal::RecordLog> log = datawal::RecordLog::open("events");
//   if (!log) std::cerr << log.error().to_string() << '\n';
//
// Every fallible function of datawal returns Result<T>; none throws for an expected failure.
// Running out of memory is the one exception that can leave the library (std::bad_alloc).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "datawal/export.h"

namespace datawal {

// A segment's number, as in its file name: 00000042.dwal is SegmentId{42}.
enum class SegmentId : std::uint32_t {};

enum class ErrorCode {
  kInvalidArgument,  // the call itself is wrong; nothing was done
  kTooLarge,         // a key or payload above its limit; nothing was written
  kNotFound,         // there is no such store, segment or file
  kAlreadyExists,    // a target that must not exist does
  kNotEmpty,         // a target directory that must be empty is not
  kLocked,           // another writer has the store open
  kReadOnly,         // a write on a store that was opened read-only
  kClosed,           // a call on a log or store after close()
  kPoisoned,         // an earlier write or sync failed; reopen to recover
  kNoSpace,          // the disk, a quota or the inode table is full
  kIo,               // any other failure of the operating system
  kNotRegularFile,   // a symlink, directory, FIFO, device or shared file where a file of the store
                     // should be
  kShortRead,        // a file ended before the bytes that a record was known to have
  kTruncated,        // a frame that reaches beyond the end of its segment
  kCrcMismatch,      // a frame whose checksum does not hold
  kStructural,       // a header field that no frame of this format can have
  kUnsupportedVersion,  // a frame of a wire version, record type or flag this build does not know
  kLengthMismatch,      // a frame of another length than the index remembers
  kNotAPut,             // a frame of another type where a value was expected
  kKeyMismatch,         // a frame of another key where a key's value was expected
  kCorruption,          // acknowledged records are damaged or missing
  kGap,                 // a position or txid that is no longer, or not yet, in the log
  kExhausted,           // txids or segment ids have run out
  kParse,               // text that is not what was asked for (JSONL import)
};

// The name of `code` in the style of this header without the k: "CrcMismatch".
[[nodiscard]] DATAWAL_EXPORT std::string_view error_code_name(ErrorCode code) noexcept;

// One failure. `message` is whole sentences for a person, with the remedy; the other fields are for
// programs.
struct Error {
  ErrorCode code = ErrorCode::kIo;
  std::string message;
  std::string path = {};                     // the file or directory concerned; may be empty
  std::optional<SegmentId> segment = {};     // where in the log, if that is known
  std::optional<std::uint64_t> offset = {};  // bytes from the start of the segment or file
  int os_error = 0;                          // errno, 0 if the operating system was not the cause

  // "<message> (<path>, segment N, offset N)", leaving out what is not known.
  [[nodiscard]] DATAWAL_EXPORT std::string to_string() const;
};

template <typename T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

}  // namespace datawal
