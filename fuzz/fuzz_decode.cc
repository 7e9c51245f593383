// Any bytes as a frame: decoding stays inside them, and what it accepts encodes to the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "datawal/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const datawal::ByteView bytes = std::as_bytes(std::span(data, size));
  const datawal::DecodeOutcome outcome = datawal::decode_frame(bytes);
  if (const auto* truncated = std::get_if<datawal::Truncated>(&outcome)) {
    if (truncated->available != size || truncated->needed <= size) std::abort();
  }
  const auto* frame = std::get_if<datawal::DecodedFrame>(&outcome);
  if (frame == nullptr) return 0;
  datawal::Bytes encoded(frame->size);
  if (frame->size > size || !datawal::encode_frame(encoded, frame->record)) std::abort();
  if (!std::ranges::equal(encoded, bytes.first(frame->size))) std::abort();
  return 0;
}
