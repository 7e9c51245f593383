// Half of what the fuzzer makes of a store gets right checksums again: random bytes would hardly
// ever get past them to what stands behind. Only in fuzz_open, whose input it knows.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endian.h"
#include "datawal/frame.h"
#include "format/batch_frame.h"
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

// Gives each announcement the size and the checksum of as many frames as it announces.
void mend_batches(MutableByteView segment) {
  while (true) {
    const DecodeOutcome outcome = decode_frame(segment);
    const auto* frame = std::get_if<DecodedFrame>(&outcome);
    if (frame == nullptr) return;
    MutableByteView rest = segment.subspan(frame->size);
    if (as_text(frame->record.key) == kBatchKey &&
        frame->record.payload.size() == kBatchPayloadSize) {
      const std::size_t offset = frame->size - kFrameCrcSize - kBatchPayloadSize;
      std::byte* const payload = segment.data() + offset;
      std::uint64_t size = 0;
      std::uint32_t crc = 0;
      for (auto count = load_le<std::uint32_t>(payload + 4); count > 0; --count) {
        const DecodeOutcome next = decode_frame(rest.subspan(size));
        const auto* member = std::get_if<DecodedFrame>(&next);
        if (member == nullptr) break;
        size += member->size;
        crc = crc32c(rest.subspan(size - kFrameCrcSize, kFrameCrcSize), crc);
      }
      store_le(payload + 8, size);
      store_le(payload + 16, crc);
      mend_frames(segment.first(frame->size));
    }
    segment = rest;
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
  if (seed % 4 == 1) datawal::mend_batches(bytes.subspan(watermark_size));
  return size;
}
