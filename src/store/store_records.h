// The records that an index leads to, in memory where their segments are mapped and by pread where
// not.
//
// Thread safety: add() and add_segment() are for one thread at a time; any thread may call the
// const functions meanwhile, for addresses that have reached it through an index.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "log/frame_fetch.h"
#include "log/log_addresses.h"
#include "log/segment_files.h"
#include "store/index_image.h"

namespace datawal {

class StoreRecords {
 public:
  // How segments are read. Those below `size_max` are mapped as if they had that size already, so
  // that they may grow to it.
  struct Access {
    bool may_map = false;
    std::uint64_t size_max = 0;
  };

  StoreRecords(std::shared_ptr<const Directory> directory, Access access);
  // With addresses that have been given before, in `segments`.
  StoreRecords(std::shared_ptr<const Directory> directory, Access access,
               std::unique_ptr<LogAddresses> addresses,
               const std::vector<CoveredSegment>& segments);

  // The address of a record. Fails with kExhausted.
  [[nodiscard]] Result<LogAddress> add(const RecordRef& ref);
  // Success, or the failure that add() could come to; and, for records of so many bytes in a row,
  // one of several calls of it.
  [[nodiscard]] Status check_room() const;
  [[nodiscard]] Status check_room_for(std::uint64_t size) const;

  // The bytes of the record at `address` and of some behind it; none where it has to be fetched.
  [[nodiscard]] ByteView view(LogAddress address) const { return addresses_->view_at(address); }
  // The record, checked; in the mapping where there is one. Fails where the record on disk is not
  // the one that was written.
  [[nodiscard]] Result<FetchedFrame> fetch(LogAddress address) const;

  [[nodiscard]] Position position(LogAddress address) const {
    return addresses_->position_of(address);
  }
  [[nodiscard]] std::optional<LogAddress> find(Position position) const {
    return addresses_->find(position);
  }
  [[nodiscard]] const LogAddresses& addresses() const { return *addresses_; }
  [[nodiscard]] SegmentFiles& files() const { return *files_; }

 private:
  void map_segment(SegmentId segment);

  std::shared_ptr<const Directory> directory_;
  Access access_;
  std::unique_ptr<LogAddresses> addresses_;
  std::unique_ptr<SegmentFiles> files_;
  std::optional<SegmentId> last_segment_;
  std::vector<std::unique_ptr<FileView>> views_;  // of all segments seen so far
};

}  // namespace datawal
