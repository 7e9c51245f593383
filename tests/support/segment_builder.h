// Segments built by hand, frame by frame and byte by byte, and files in memory to read them from.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/frame.h"
#include "file/filesystem.h"

namespace datawal::test {

// The frame of `record`.
[[nodiscard]] Bytes encoded(const RecordView& record);

class SegmentBuilder {
 public:
  SegmentBuilder() = default;
  // Goes on with a segment that is there already.
  explicit SegmentBuilder(Bytes bytes) : bytes_(std::move(bytes)) {}

  // Adds a frame and gives its offset.
  std::uint64_t add(const RecordView& record);
  // Adds Raw records with these consecutive txids and payloads of `payload_size` bytes, all
  // different.
  SegmentBuilder& add_run(Txid first, Txid last, std::size_t payload_size = 10);
  // Adds any bytes and gives their offset.
  std::uint64_t add_bytes(ByteView bytes);
  std::uint64_t add_zeros(std::size_t count) { return add_bytes(Bytes(count)); }
  // Inverts one bit.
  SegmentBuilder& damage(std::uint64_t offset);

  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] Bytes& bytes() { return bytes_; }

 private:
  Bytes bytes_;
};

// A read-only file in memory that counts what is read from it. Its bytes may be changed at any
// time.
class MemoryFile final : public File {
 public:
  explicit MemoryFile(Bytes bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override;
  [[nodiscard]] Result<std::uint64_t> size() const override { return bytes_.size(); }
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override;
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status sync() override;

  [[nodiscard]] Bytes& bytes() { return bytes_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  Bytes bytes_;
  mutable std::uint64_t bytes_read_ = 0;
};

}  // namespace datawal::test
