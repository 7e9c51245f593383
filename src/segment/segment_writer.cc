#include "segment/segment_writer.h"

#include <algorithm>

#include "base/try.h"
#include "format/frame_encoding.h"

namespace datawal {
namespace {

// A larger buffer is given back after its frame: few logs have many of them.
constexpr std::size_t kFrameBufferKept = std::size_t{1} << 20;

// Reserving costs a tenth of a millisecond: a program that appends a few records does without. But
// a sync of a file that grows takes half as long again, so that a few are worth it, too.
constexpr std::uint64_t kReserveAfter = std::uint64_t{64} << 10;
constexpr std::uint64_t kReserveAfterSyncs = 16;
// A filesystem may make the first page of what has been reserved together with all others of it.
constexpr std::uint64_t kReserveStepMin = std::uint64_t{1} << 20;
constexpr std::uint64_t kReserveStepMax = std::uint64_t{4} << 20;

// Small enough that a single append never waits long, large enough that the calls cost little.
constexpr std::size_t kPrepareStep = std::size_t{256} << 10;

// Another thread prepares this much ahead where so much has been appended that more is to come: as
// much as keeps a writer busy while a filesystem makes several MiB ready at once, which it does now
// and then.
constexpr std::uint64_t kPrepareAheadAfter = std::uint64_t{1} << 20;
constexpr std::uint64_t kPrepareAheadStep = std::uint64_t{2} << 20;

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<File> file, std::uint64_t end,
                             const SegmentWritePolicy& policy)
    : file_(std::move(file)), policy_(policy), end_(end), reserved_end_(end) {}

// Has `encode` write `size` bytes, all but the first, and publishes them.
template <typename Encode>
auto SegmentWriter::append_encoded(std::size_t size, Encode encode)
    -> Result<decltype(encode(MutableByteView{}))> {
  bool is_stored = is_ready(size);
  if (!is_stored) [[unlikely]] {
    DATAWAL_TRY_ASSIGN(is_stored, make_ready(size));
  }
  const MutableByteView bytes = is_stored ? mapping_->at(end_, size) : frame_buffer(size);
  const auto checksums = encode(bytes);
  DATAWAL_TRY(is_stored ? mapping_->publish(kFrameFirstByte) : write(bytes));
  ++(is_stored ? counts_.stored : counts_.written);
  end_ += size;
  since_open_ += size;
  since_sync_ += size;
  return checksums;
}

Result<std::uint32_t> SegmentWriter::append(const RecordView& record) {
  return append_encoded(
      frame_size(record.key.size(), record.payload.size()),
      [&](MutableByteView frame) { return encode_unpublished_frame(frame, record); });
}

// What is written goes by one call, from the announcement on: so who reads along, or finds what is
// left of it, meets the announcement first and knows how much has to follow.
Result<BatchChecksums> SegmentWriter::append_batch(const WriteBatch& batch, Txid txid) {
  return append_encoded(batch.byte_size(), [&](MutableByteView bytes) {
    return encode_unpublished_batch(bytes, batch, txid);
  });
}

// Whether the next bytes are to be stored; makes what that, or a cheap sync, needs.
Result<bool> SegmentWriter::make_ready(std::size_t size) {
  const std::uint64_t reserve_after = std::min(kReserveAfter, policy_.write_through_size);
  const bool is_worth_it = since_open_ >= reserve_after || syncs_ >= kReserveAfterSyncs;
  if (!policy_.may_reserve || !is_worth_it) return false;
  const std::uint64_t end = end_ + size;
  ahead_.wait_for(end);
  if (end > reserved_end_ || needs_more_ahead()) {
    DATAWAL_TRY_ASSIGN(const bool reserved, reserve_for(end));
    if (!reserved) return false;
  }
  if (since_sync_ < policy_.write_through_size || size > kStoreSizeMax || !map()) {
    return false;
  }
  if (end > prepared_end_) prepare_pages(end);
  return true;
}

// Whether the next pages to be prepared ahead have no space yet. While pages of the file are being
// prepared, reserving would wait for that.
bool SegmentWriter::needs_more_ahead() const {
  const std::uint64_t wanted = std::min(ahead_.end() + kPrepareAheadStep, policy_.size_max);
  return ahead_.end() > 0 && wanted > reserved_end_ && !ahead_.is_under_way();
}

// Prepares the pages up to `end` at least, or finds that they have been.
void SegmentWriter::prepare_pages(std::uint64_t end) {
  prepared_end_ = std::max(prepared_end_, end_);
  if (!is_ahead_stale_) prepared_end_ = std::max(prepared_end_, ahead_.done_end());
  if (end > prepared_end_) {
    ahead_.stop();
    const std::uint64_t wanted =
        std::min(std::max(end, prepared_end_ + kPrepareStep), reserved_end_);
    mapping_->prepare(prepared_end_, wanted - prepared_end_);
    prepared_end_ = wanted;
  }
  if (since_open_ >= kPrepareAheadAfter && !ahead_.is_under_way()) begin_ahead();
}

void SegmentWriter::begin_ahead() {
  const std::uint64_t end = std::min(prepared_end_ + kPrepareAheadStep, reserved_end_);
  if (end <= prepared_end_) return;
  is_ahead_stale_ = false;
  ahead_.begin(*mapping_, prepared_end_, end);
}

// Reserves space up to `end` at least; false where there is none to be had.
Result<bool> SegmentWriter::reserve_for(std::uint64_t end) {
  if (end > policy_.size_max) return false;
  const std::uint64_t step = std::clamp(end_ / 2, kReserveStepMin, kReserveStepMax);
  const std::uint64_t wanted = std::min(std::max(end, end_ + step), policy_.size_max);
  if (wanted <= reserved_end_) return true;
  return reserve_until(wanted);
}

Result<bool> SegmentWriter::reserve_until(std::uint64_t wanted) {
  DATAWAL_TRY_ASSIGN(const bool reserved, file_->reserve(wanted));
  // Where it is refused once, it is not asked for again: each try would cost every append.
  if (reserved) reserved_end_ = wanted;
  if (!reserved) {
    ++counts_.reservations_refused;
    prepared_end_ = 0;  // from now on everything is written
  }
  policy_.may_reserve = reserved;
  return reserved;
}

Status SegmentWriter::prepare() {
  if (!policy_.may_reserve) return {};
  DATAWAL_TRY_ASSIGN(const bool reserved,
                     reserve_until(std::min(kReserveStepMax, policy_.size_max)));
  if (reserved) (void)map();  // where it is refused, everything is written
  return {};
}

// Unlike the steps, it may be refused without any consequence: they are smaller.
Result<bool> SegmentWriter::reserve_rest() {
  if (!policy_.may_reserve || end_ > policy_.size_max) return false;
  if (reserved_end_ >= policy_.size_max) return true;
  DATAWAL_TRY_ASSIGN(const bool reserved, file_->reserve(policy_.size_max));
  if (reserved) reserved_end_ = policy_.size_max;
  return reserved;
}

bool SegmentWriter::map() {
  if (!policy_.may_map) return false;
  if (!mapping_) mapping_ = file_->map(policy_.size_max);
  policy_.may_map = mapping_ != nullptr;
  if (!mapping_) ++counts_.mappings_refused;
  return policy_.may_map;
}

Status SegmentWriter::write(MutableByteView bytes) {
  bytes.front() = kFrameFirstByte;
  DATAWAL_TRY(file_->write_at(end_, bytes));
  reserved_end_ = std::max(reserved_end_, end_ + bytes.size());
  shrink_frame_buffer();
  return {};
}

MutableByteView SegmentWriter::frame_buffer(std::size_t size) {
  if (size > frame_capacity_) {
    frame_capacity_ = std::max<std::size_t>(size, 4096);
    frame_ = std::make_unique_for_overwrite<std::byte[]>(frame_capacity_);
  }
  return {frame_.get(), size};
}

void SegmentWriter::shrink_frame_buffer() {
  if (frame_capacity_ <= kFrameBufferKept) return;
  frame_.reset();
  frame_capacity_ = 0;
}

void SegmentWriter::note_sync() noexcept {
  ++syncs_;
  since_sync_ = 0;
  is_ahead_stale_ = true;
  prepared_end_ = 0;  // a sync makes the next store to each page dear again
}

// The mapping stays: taking down that of a large segment takes milliseconds, which are left to
// whoever destroys this.
Status SegmentWriter::cut_unused() {
  if (!has_unused()) return {};
  ahead_.stop();  // what it prepared behind the end would be in the file again
  DATAWAL_TRY(file_->truncate(end_));
  reserved_end_ = end_;
  return {};
}

}  // namespace datawal
