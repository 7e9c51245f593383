#include "format/compaction_mark.h"

#include <algorithm>
#include <limits>

#include "base/endian.h"
#include "format/batch_frame.h"

namespace datawal {
namespace {

constexpr std::byte kVersion{1};
static_assert(kCompactionMarkKey.starts_with(kReservedKeyPrefix));

}  // namespace

CompactionMarkFrame encode_compaction_mark(Txid txid, const CompactionMark& mark) {
  std::array<std::byte, kCompactionMarkPayloadSize> payload{kVersion};
  store_le(payload.data() + 1, mark.horizon);
  CompactionMarkFrame frame{};
  (void)encode_frame(
      frame, {RecordType::kRaw, txid, as_bytes(kCompactionMarkKey), payload});  // it has the size
  return frame;
}

std::optional<CompactionMark> decode_compaction_mark(const RecordView& record) {
  if (record.type != RecordType::kRaw || as_text(record.key) != kCompactionMarkKey)
    return std::nullopt;
  const ByteView payload = record.payload;
  if (payload.size() != kCompactionMarkPayloadSize || payload.front() != kVersion) {
    return CompactionMark{std::numeric_limits<Txid>::max()};
  }
  return CompactionMark{load_le<std::uint64_t>(payload.data() + 1)};
}

}  // namespace datawal
