#include "log/txid_search.h"

#include <array>
#include <ranges>

#include "format/names.h"

namespace datawal {

std::optional<Txid> first_txid(const Directory& directory, SegmentId segment) {
  const auto file = directory.open(segment_name(segment), OpenMode::kRead);
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
    const std::optional<Txid> first = first_txid(*view.directory, segment);
    if (first && *first <= txid) return Position{segment, 0};
  }
  return {};
}

}  // namespace datawal
