// Reads the keys of records at known, ascending places, with few reads where they are close
// together and without the payloads where they are not.
#pragma once

#include <memory>

#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

class KeyReader {
 public:
  // The key of the record at `position`, which is in `file`; valid until the next call. The
  // record's checksum is not looked at: the caller knows what the key must be. Fails with
  // kShortRead, kStructural, kUnsupportedVersion or kIo.
  [[nodiscard]] Result<ByteView> read(std::shared_ptr<const File> file, Position position);

 private:
  [[nodiscard]] Result<ByteView> view(Position position, std::size_t size);

  std::shared_ptr<const File> file_;  // shared with whoever has it open
  bool is_same_file_ = false;         // whether the buffer is of that
  Position start_;                    // of the bytes in the buffer
  Bytes buffer_;
};

}  // namespace datawal
