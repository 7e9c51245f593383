// Values: what the get functions of a DataWal and of a Snapshot give.
//
// Thread safety: a value does not change; any thread may read it while none moves or destroys it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "datawal/bytes.h"

namespace datawal {

// A value that get() gave: owned bytes. Movable.
class Value {
 public:
  Value() = default;
  // Takes `buffer`, of which the value is the `size` bytes from `offset` on.
  Value(std::unique_ptr<std::byte[]> buffer, std::size_t offset, std::size_t size) noexcept
      : buffer_(std::move(buffer)), offset_(offset), size_(size) {}

  // Valid as long as this Value is.
  [[nodiscard]] ByteView bytes() const noexcept { return {buffer_.get() + offset_, size_}; }
  [[nodiscard]] std::string_view text() const noexcept { return as_text(bytes()); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
};

// A value that get_view() gave: bytes where they are in the log, and a hold on them. Where the log
// is not mapped (Options::map_files, open_read_only()) it owns a copy. Movable; may outlive the
// store.
class PinnedValue {
 public:
  PinnedValue() = default;
  // `bytes` are kept by `hold`.
  PinnedValue(ByteView bytes, std::shared_ptr<const void> hold) noexcept
      : bytes_(bytes), hold_(std::move(hold)) {}
  // `bytes` are in `buffer`.
  PinnedValue(ByteView bytes, std::unique_ptr<std::byte[]> buffer) noexcept
      : bytes_(bytes), buffer_(std::move(buffer)) {}

  // Valid as long as this PinnedValue is, or the one that it was moved to: also while the store is
  // written, compacted, moved or closed. What it holds on disk and in the address space is given
  // back after it only, so keep it for the time of the work and not longer.
  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string_view text() const noexcept { return as_text(bytes_); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  ByteView bytes_ = {};
  std::shared_ptr<const void> hold_;  // shared by all that hold the same file
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace datawal
