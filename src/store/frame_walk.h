// What walks over many records share: frames of which nearly all are whole, in memory, taken apart
// in steps, so that the processor has many of a kind under way at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/crc32c.h"
#include "base/endian.h"
#include "datawal/item.h"
#include "format/frame_layout.h"

namespace datawal {

// Goes from frame to frame, by their headers alone.
class FrameWalk {
 public:
  // Of `bytes`, which begin at `begin`, those from `offset` on.
  FrameWalk(ByteView bytes, Position begin, std::uint64_t offset)
      : bytes_(bytes), begin_(begin), offset_(offset) {}

  // Takes the frame at hand for an item, and moves behind it. Nothing where there is none.
  [[nodiscard]] std::optional<RecordType> next(Item& item) {
    if (offset_ >= bytes_.size()) return std::nullopt;
    const ByteView rest = bytes_.subspan(offset_);
    const std::optional<FrameHeader> header = whole_header(rest);
    if (!header || header->size() > rest.size()) return std::nullopt;
    const std::byte* const key = rest.data() + kFrameHeaderSize;
    item = {{key, header->key_size},
            {key + header->key_size, header->payload_size},
            {begin_.segment, static_cast<std::uint32_t>(header->size()), begin_.offset + offset_}};
    offset_ += header->size();
    return header->type;
  }
  // The same of the next Put. Loads what is a little ahead meanwhile.
  [[nodiscard]] bool next_put(Item& item) {
    constexpr std::size_t kAhead = 2048;
    std::optional<RecordType> type;
    do {
      const std::byte* const ahead = bytes_.data() + offset_ + kAhead;
      for (std::size_t line = 0; line < 3; ++line) __builtin_prefetch(ahead + line * 64);
      type = next(item);
    } while (type && type != RecordType::kPut);
    return type.has_value();
  }

 private:
  ByteView bytes_;
  Position begin_;
  std::uint64_t offset_;
};

// Of an item whose frame is all in memory.
[[nodiscard]] inline ByteView frame_of(const Item& item) noexcept {
  return {item.key.data() - kFrameHeaderSize, item.ref.size};
}

// Whether the checksums of such items hold.
[[nodiscard]] inline bool crcs_hold(std::span<const Item> items) noexcept {
  const auto checked = [](const Item& item) {
    return frame_of(item).first(item.ref.size - kFrameCrcSize);
  };
  const auto stored = [](const Item& item) {
    return load_le<std::uint32_t>(frame_of(item).data() + item.ref.size - kFrameCrcSize);
  };
  for (; items.size() >= 4; items = items.subspan(4)) {
    const FourCrcs crcs =
        crc32c_four({checked(items[0]), checked(items[1]), checked(items[2]), checked(items[3])});
    for (std::size_t index = 0; index < crcs.size(); ++index) {
      if (crcs[index] != stored(items[index])) return false;
    }
  }
  return std::ranges::all_of(
      items, [&](const Item& item) { return crc32c(checked(item)) == stored(item); });
}

}  // namespace datawal
