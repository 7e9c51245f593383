#include "log/watermark_file.h"

#include <array>

#include "base/try.h"
#include "format/names.h"

namespace datawal {
namespace {

using SidecarBytes = std::array<std::byte, kWatermarkFileSize>;

Result<std::optional<Watermark>> read_slots(const File& file) {
  SidecarBytes bytes{};
  DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(0, bytes));
  return decode_watermark(ByteView(bytes).first(count));
}

}  // namespace

Result<std::optional<Watermark>> read_watermark(const Directory& directory) {
  const auto file = directory.open(kWatermarkName, OpenMode::kRead);
  if (file) return read_slots(**file);
  if (file.error().code == ErrorCode::kNotFound) return std::nullopt;
  return std::unexpected(file.error());
}

Result<WatermarkFile> WatermarkFile::open(Directory& directory) {
  auto file = directory.open(kWatermarkName, OpenMode::kReadWrite);
  if (!file && file.error().code == ErrorCode::kNotFound) {
    file = directory.open(kWatermarkName, OpenMode::kCreateExclusive);
  }
  if (!file) return std::unexpected(std::move(file).error());
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, (*file)->size());
  if (size < kWatermarkFileSize) {
    const SidecarBytes zeros{};
    DATAWAL_TRY((*file)->write_at(size, ByteView(zeros).subspan(size)));
  }
  DATAWAL_TRY_ASSIGN(const std::optional<Watermark> last, read_slots(**file));
  return WatermarkFile(*std::move(file), last ? last->sequence : 0);
}

Status WatermarkFile::store(Watermark watermark) {
  watermark.sequence = ++sequence_;
  return file_->write_at(watermark_slot_offset(sequence_), encode_watermark(watermark));
}

Status WatermarkFile::sync() {
  return file_->sync();
}

}  // namespace datawal
