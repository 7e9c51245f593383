// Byte views and owned bytes: what every datawal interface takes and gives.
//
//   std::string_view text = "hello";
//   log.append(datawal::as_bytes(text));
//
// Plain value types and pure functions; safe to use from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace datawal {

// A view of bytes that someone else owns. Valid only as long as its owner says.
using ByteView = std::span<const std::byte>;

// A writable view of bytes that someone else owns.
using MutableByteView = std::span<std::byte>;

// Owned bytes.
using Bytes = std::vector<std::byte>;

// The bytes of `text`, without a copy. Valid as long as the text is.
[[nodiscard]] inline ByteView as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// `bytes` as text, without a copy and without any check of an encoding. Valid as long as the bytes
// are.
[[nodiscard]] inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A copy of `bytes`.
[[nodiscard]] inline Bytes to_bytes(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace datawal
