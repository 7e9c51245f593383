// Any text as the bytes that the command takes in hexadecimal and in base64.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/base64.h"
#include "tools/keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bytes = datawal::base64_decode(text);
  if (bytes && datawal::base64_encode(*bytes) != text) std::abort();
  const auto hex = datawal::cli::decode_hex(text);
  if (hex && hex->size() * 2 != size) std::abort();
  return 0;
}
