#include "datawal/write_batch.h"

#include <cstring>

#include "base/try.h"
#include "format/batch_frame.h"
#include "format/frame_encoding.h"

namespace datawal {
namespace {

void copy_bytes(ByteView source, char* target) {
  if (!source.empty()) std::memcpy(target, source.data(), source.size());
}

}  // namespace

Status WriteBatch::put(ByteView key, ByteView value) {
  return append_record(RecordType::kPut, key, value);
}

Status WriteBatch::remove(ByteView key) {
  return append_record(RecordType::kDelete, key, {});
}

Status WriteBatch::append(ByteView payload) {
  return append_record(RecordType::kRaw, {}, payload);
}

Status WriteBatch::append_record(RecordType type, ByteView key, ByteView payload) {
  DATAWAL_TRY(check_record_type(type));
  if (!is_record_size(key, payload)) DATAWAL_TRY(check_record_size(key, payload));
  if (type == RecordType::kRaw) DATAWAL_TRY(check_key_allowed(type, key));
  DATAWAL_TRY(check_batch_size(size() + 1, frames_size() + frame_size(key.size(), payload.size())));
  const Entry entry{.offset = static_cast<std::uint32_t>(bytes_.size()),
                    .key_size = static_cast<std::uint32_t>(key.size()),
                    .payload_size = static_cast<std::uint32_t>(payload.size()),
                    .type = type};
  // What can fail for want of memory comes before anything changes.
  if (entries_.size() == entries_.capacity()) entries_.reserve(2 * entries_.size() + 16);
  const std::size_t size = bytes_.size() + key.size() + payload.size();
  bytes_.resize_and_overwrite(size, [&](char* bytes, std::size_t /*size*/) {
    copy_bytes(key, bytes + entry.offset);
    copy_bytes(payload, bytes + entry.offset + key.size());
    return size;
  });
  entries_.push_back(entry);
  return {};
}

void WriteBatch::clear() noexcept {
  entries_.clear();
  bytes_.clear();
}

std::size_t WriteBatch::byte_size() const noexcept {
  return frames_size() + (size() > 1 ? kBatchFrameSize : 0);
}

}  // namespace datawal
