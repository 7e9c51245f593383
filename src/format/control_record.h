// Records that tell about other records: Raw ones with a key of a reserved prefix, NUL "dwal/". A
// reader that does not know them passes them over, as it does with all Raw records of a store.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "datawal/frame.h"

namespace datawal {

inline constexpr std::array<std::byte, 6> kControlKeyPrefix = {
    std::byte{0}, std::byte{'d'}, std::byte{'w'}, std::byte{'a'}, std::byte{'l'}, std::byte{'/'}};

[[nodiscard]] inline bool is_control_key(ByteView key) noexcept {
  return key.size() >= kControlKeyPrefix.size() &&
         std::ranges::equal(key.first(kControlKeyPrefix.size()), kControlKeyPrefix);
}

[[nodiscard]] inline bool is_control_record(const RecordView& record) noexcept {
  return record.type == RecordType::kRaw && is_control_key(record.key);
}

}  // namespace datawal
