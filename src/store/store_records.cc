#include "store/store_records.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "format/names.h"

namespace datawal {

StoreRecords::StoreRecords(std::shared_ptr<const Directory> directory, Access access)
    : directory_(std::move(directory)),
      access_(access),
      addresses_(std::make_unique<LogAddresses>()),
      files_(std::make_unique<SegmentFiles>(directory_)) {}

StoreRecords::StoreRecords(std::shared_ptr<const Directory> directory, Access access,
                           std::unique_ptr<LogAddresses> addresses,
                           const std::vector<CoveredSegment>& segments)
    : directory_(std::move(directory)),
      access_(access),
      addresses_(std::move(addresses)),
      files_(std::make_unique<SegmentFiles>(directory_)) {
  for (const CoveredSegment& segment : segments) map_segment(segment.id);
}

Result<LogAddress> StoreRecords::add(const RecordRef& ref) {
  if (last_segment_ != ref.segment) map_segment(ref.segment);
  return addresses_->address_of(ref.position(), ref.size);
}

// Where a segment cannot be mapped, for want of address space or because somebody forbids it, its
// records are fetched.
void StoreRecords::map_segment(SegmentId segment) {
  last_segment_ = segment;
  if (!access_.may_map) return;
  const auto file = directory_->open(segment_name(segment), OpenMode::kRead);
  if (!file) return;
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return;
  std::unique_ptr<FileView> view = (*file)->view(std::max(*size, access_.size_max));
  if (!view) return;
  addresses_->set_mapping(segment, view->bytes());
  views_.push_back(std::move(view));
}

Status StoreRecords::check_room() const {
  if (addresses_->has_room()) return {};
  return std::unexpected(LogAddresses::exhausted({}));
}

Status StoreRecords::check_room_for(std::uint64_t size) const {
  if (addresses_->has_room_for(size)) return {};
  return std::unexpected(LogAddresses::exhausted({}));
}

Result<FetchedFrame> StoreRecords::fetch(LogAddress address) const {
  const Position place = position(address);
  if (const ByteView bytes = view(address); !bytes.empty()) {
    Result<DecodedFrame> frame = decode_at(bytes, place);
    // What reaches beyond the mapping, or beyond what was written, is told apart by the file.
    if (frame) return FetchedFrame{nullptr, *frame};
    if (frame.error().code != ErrorCode::kTruncated) return std::unexpected(frame.error());
  }
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, files_->get(place.segment));
  return fetch_frame(*file, place, addresses_->size_from(address));
}

}  // namespace datawal
