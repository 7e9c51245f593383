// Reads the keys of records at known, ascending places, with few reads where they are close
// together and without the payloads where they are not.
#pragma once

#include <memory>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "log/segment_files.h"

namespace datawal {

class KeyReader {
 public:
  // `files` must outlive the reader.
  explicit KeyReader(SegmentFiles& files) : files_(&files) {}

  // The key of the record at `position`, valid until the next call. The record's checksum is not
  // looked at: the caller knows what the key must be. Fails with kShortRead, kStructural,
  // kUnsupportedVersion or kIo.
  [[nodiscard]] Result<ByteView> read(Position position);

 private:
  [[nodiscard]] Result<ByteView> view(Position position, std::size_t size);

  SegmentFiles* files_;
  std::shared_ptr<const File> file_;
  Position start_;  // of the bytes in the buffer
  Bytes buffer_;
};

}  // namespace datawal
