// Half of what the fuzzer makes of a store gets right checksums again: random bytes would hardly
// ever get past them to what stands behind. Only in fuzz_open, whose input it knows.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endian.h"
#include "datawal/frame.h"
#include "format/watermark_slot.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

namespace datawal {
namespace {

constexpr std::string_view kMagic = "DWAL";
constexpr std::size_t kKeySizeOffset = 16;
constexpr std::size_t kPayloadSizeOffset = 20;

void mend_frames(MutableByteView segment) {
  while (segment.size() >= kFrameSizeMin) {
    if (as_text(segment.first(kMagic.size())) != kMagic) {
      segment = segment.subspan(1);
      continue;
    }
    const std::size_t size =
        frame_size(load_le<std::uint32_t>(segment.data() + kKeySizeOffset),
                   load_le<std::uint32_t>(segment.data() + kPayloadSizeOffset));
    if (size > segment.size()) {
      segment = segment.subspan(1);
      continue;
    }
    const std::size_t crc_offset = size - kFrameCrcSize;
    store_le(segment.data() + crc_offset, crc32c(segment.first(crc_offset)));
    segment = segment.subspan(size);
  }
}

void mend_watermark(MutableByteView watermark) {
  if (watermark.size() < kWatermarkSlotSize) return;
  const std::size_t crc_offset = kWatermarkSlotSize - sizeof(std::uint32_t);
  store_le(watermark.data() + crc_offset, crc32c(watermark.first(crc_offset)));
}

}  // namespace
}  // namespace datawal

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, size_max);
  if (seed % 2 == 0 || size == 0) return size;
  const datawal::MutableByteView bytes = std::as_writable_bytes(std::span(data, size)).subspan(1);
  const std::size_t watermark_size = std::min<std::size_t>(data[0] & 0x7FU, bytes.size());
  datawal::mend_watermark(bytes.first(watermark_size));
  datawal::mend_frames(bytes.subspan(watermark_size));
  return size;
}
