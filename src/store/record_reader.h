// Reads many records at known, mostly ascending places: in memory where their segments are mapped,
// with few large reads where they are not.
//
// Thread safety: belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "datawal/frame.h"
#include "log/frame_fetch.h"
#include "segment/file_window.h"
#include "store/store_records.h"

namespace datawal {

class RecordReader {
 public:
  // `records` must outlive the reader.
  explicit RecordReader(const StoreRecords& records) : records_(&records) {}

  // The record at `address`, checked, valid until the next call. Fails as StoreRecords::fetch does.
  [[nodiscard]] Result<DecodedFrame> read(LogAddress address);

 private:
  [[nodiscard]] std::optional<DecodedFrame> read_near(LogAddress address, Position position);

  const StoreRecords* records_;
  FetchedFrame fetched_;
  std::shared_ptr<const File> file_;  // of the record read before
  std::optional<FileWindow> window_;  // into file_
  Position end_;                      // of the record read before
};

}  // namespace datawal
