// Any bytes as the sidecar of a backup: what is accepted is written again as the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "format/backup_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const datawal::ByteView file = std::as_bytes(std::span(data, size));
  const auto found = datawal::decode_backup_manifest(file);
  if (found && !std::ranges::equal(datawal::encode_backup_manifest(*found), file)) std::abort();
  return 0;
}
