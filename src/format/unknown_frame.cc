#include "format/unknown_frame.h"

#include <algorithm>
#include <array>

#include "datawal/frame.h"

namespace datawal {
namespace {

constexpr std::size_t kMagicSize = 4;
constexpr std::size_t kTxidOffset = 8;

}  // namespace

// What lies between the magic and the txid says how to read the rest. With what version 1 has
// there, the rest reads as in version 1.
std::optional<std::size_t> unknown_frame_size(ByteView header) {
  std::array<std::byte, frame_size(0, 0)> known;
  if (header.size() < kFrameHeaderSize || !encode_frame(known, {})) return {};
  std::array<std::byte, kFrameHeaderSize> patched;
  std::ranges::copy(header.first(kFrameHeaderSize), patched.begin());
  std::copy_n(known.begin() + kMagicSize, kTxidOffset - kMagicSize, patched.begin() + kMagicSize);
  if (!std::holds_alternative<StructuralError>(decode_header(header))) return {};
  const HeaderOutcome outcome = decode_header(patched);
  if (const auto* found = std::get_if<FrameHeader>(&outcome)) return found->size();
  return {};
}

}  // namespace datawal
