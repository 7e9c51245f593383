#include <span>
#include <utility>

#include "base/endian.h"
#include "base/try.h"
#include "datawal/data_wal.h"
#include "file/buffered_writer.h"
#include "file/staging.h"
#include "format/names.h"
#include "log/watermark_file.h"
#include "store/data_wal_impl.h"
#include "store/ordered_records.h"
#include "store/snapshot_state.h"
#include "store/sorted_keys.h"

namespace datawal {
namespace {

constexpr SegmentId kOnlySegment{1};

// Writes the records of `keys` as one segment, and tells about it what a closing writer would.
class CompactSegment {
 public:
  CompactSegment(const SnapshotState& snapshot, File& file) : snapshot_(snapshot), writer_(file) {}

  [[nodiscard]] Status write(const SortedKeys& keys) {
    OrderedRecords records(snapshot_, keys);
    while (true) {
      DATAWAL_TRY_ASSIGN(const std::span<const Item> items, records.next());
      if (items.empty()) return writer_.flush();
      for (const Item& item : items) DATAWAL_TRY(write(item));
    }
  }

  [[nodiscard]] const Watermark& watermark() const { return mark_; }

 private:
  [[nodiscard]] Status write(const Item& item) {
    const RecordView record{RecordType::kPut, mark_.txid + 1, item.key, item.value};
    frame_.resize(item.ref.size);
    DATAWAL_TRY(encode_frame(frame_, record));
    DATAWAL_TRY(writer_.append(frame_));
    mark_.txid = record.txid;
    mark_.position = {kOnlySegment, writer_.offset()};
    mark_.frame_crc = load_le<std::uint32_t>(frame_.data() + frame_.size() - kFrameCrcSize);
    if (record.txid == 1) mark_.first_frame_crc = mark_.frame_crc;
    return {};
  }

  const SnapshotState& snapshot_;
  BufferedWriter writer_;
  Bytes frame_;
  Watermark mark_{.first_segment = kOnlySegment, .clean = true};
};

Status write_watermark(Directory& directory, Watermark mark, const Filesystem& filesystem) {
  if (mark.txid == 0) return {};
  mark.boot_id = filesystem.boot_id();
  DATAWAL_TRY_ASSIGN(WatermarkFile file, WatermarkFile::open(directory));
  DATAWAL_TRY(file.store(mark));
  return file.sync();
}

}  // namespace

Result<CompactionStats> Snapshot::compact_to(const std::filesystem::path& target) const {
  Filesystem& filesystem = state_->filesystem();
  DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create(filesystem, target));
  DATAWAL_TRY_ASSIGN(const SortedKeys* const sorted, state_->sorted_keys());
  DATAWAL_TRY_ASSIGN(
      const std::unique_ptr<File> file,
      staged.directory().open(segment_name(kOnlySegment), OpenMode::kCreateExclusive));
  CompactSegment segment(*state_, *file);
  DATAWAL_TRY(segment.write(*sorted));
  DATAWAL_TRY(file->sync());
  const Watermark& mark = segment.watermark();
  DATAWAL_TRY(write_watermark(staged.directory(), mark, filesystem));
  DATAWAL_TRY(staged.publish());
  return CompactionStats{sorted->size(), mark.txid, mark.position.offset};
}

Result<CompactionStats> DataWal::compact_to(const std::filesystem::path& target) const {
  DATAWAL_TRY_ASSIGN(const Snapshot taken, snapshot());
  return taken.compact_to(target);
}

}  // namespace datawal
