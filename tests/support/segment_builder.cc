#include "support/segment_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace datawal::test {
namespace {

std::unexpected<Error> not_writable() {
  return std::unexpected(
      Error{.code = ErrorCode::kReadOnly, .message = "a file in memory is only read"});
}

}  // namespace

Bytes encoded(const RecordView& record) {
  Bytes frame(frame_size(record.key.size(), record.payload.size()));
  const Result<std::size_t> size = encode_frame(frame, record);
  EXPECT_TRUE(size) << size.error().to_string();
  return frame;
}

std::uint64_t SegmentBuilder::add(const RecordView& record) {
  return add_bytes(encoded(record));
}

SegmentBuilder& SegmentBuilder::add_run(Txid first, Txid last, std::size_t payload_size) {
  for (Txid txid = first; txid <= last; ++txid) {
    std::string payload = std::to_string(txid) + "-record";
    payload.resize(payload_size, 'x');
    add({.txid = txid, .payload = as_bytes(payload)});
  }
  return *this;
}

std::uint64_t SegmentBuilder::add_bytes(ByteView bytes) {
  const std::uint64_t offset = bytes_.size();
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return offset;
}

SegmentBuilder& SegmentBuilder::damage(std::uint64_t offset) {
  bytes_.at(offset) ^= std::byte{0x10};
  return *this;
}

Result<std::size_t> MemoryFile::read_at(std::uint64_t offset, MutableByteView buffer) const {
  if (offset >= bytes_.size()) return 0;
  const std::size_t count = std::min<std::size_t>(buffer.size(), bytes_.size() - offset);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), count, buffer.begin());
  bytes_read_ += count;
  return count;
}

Status MemoryFile::write_at(std::uint64_t, ByteView) {
  return not_writable();
}
Status MemoryFile::truncate(std::uint64_t) {
  return not_writable();
}
Status MemoryFile::sync() {
  return not_writable();
}

}  // namespace datawal::test
