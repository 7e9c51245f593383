// Any bytes as a watermark sidecar: what is accepted survives being written again.
#include <cstdint>
#include <cstdlib>

#include "format/watermark_slot.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = datawal::decode_watermark(std::as_bytes(std::span(data, size)));
  if (found && datawal::decode_watermark(datawal::encode_watermark(*found)) != found) std::abort();
  return 0;
}
