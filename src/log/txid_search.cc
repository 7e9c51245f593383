#include "log/txid_search.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "base/try.h"
#include "segment/segment_reader.h"

namespace datawal {

std::optional<Txid> first_txid(const LogView& view, SegmentId segment) {
  const auto file = view.open(segment);
  if (!file) return {};
  std::array<std::byte, kFrameHeaderSize> bytes{};
  const Result<std::size_t> count = (*file)->read_at(0, bytes);
  if (!count) return {};
  const HeaderOutcome outcome = decode_header(ByteView(bytes).first(*count));
  const auto* header = std::get_if<FrameHeader>(&outcome);
  return header != nullptr ? std::optional(header->txid) : std::nullopt;
}

std::optional<Position> find_txid(const LogView& view, Txid txid) {
  for (const SegmentId segment : view.segments | std::views::reverse) {
    const std::optional<Txid> first = first_txid(view, segment);
    if (first && *first <= txid) return Position{segment, 0};
  }
  return {};
}

Result<Txid> last_txid_before(const LogView& view, Position position) {
  for (const SegmentId segment : view.segments | std::views::reverse) {
    if (segment > position.segment) continue;
    DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, view.open(segment));
    DATAWAL_TRY_ASSIGN(std::uint64_t end, file->size());
    if (segment == position.segment) end = std::min(end, position.offset);
    SegmentReader reader(*file, 0, end);
    std::optional<Txid> last;
    while (true) {
      DATAWAL_TRY_ASSIGN(const SegmentStep step, reader.next());
      if (step != SegmentStep::kFrame) break;
      last = reader.frame().record.txid;
    }
    if (last) return *last;
  }
  return Txid{0};
}

}  // namespace datawal
