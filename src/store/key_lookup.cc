#include "store/key_lookup.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "base/bytes_equal.h"
#include "base/try.h"
#include "format/frame_layout.h"
#include "store/by_groups.h"
#include "store/frozen_index.h"
#include "store/key_index.h"
#include "store/key_matcher.h"

namespace datawal {
namespace {

void copy_bytes(ByteView source, std::byte* target) {
  if (!source.empty()) std::memcpy(target, source.data(), source.size());
}

// Matches do not fail for who reads; so the index has.
Error no_answer() {
  return Error{.code = ErrorCode::kCorruption,
               .message = "the checkpoint of the index is damaged; open the store again"};
}

// The value of a frame as one that owns its bytes.
Value to_value(FetchedFrame fetched) {
  const ByteView value = fetched.frame.record.payload;
  if (!fetched.buffer) {
    auto copy = std::make_unique_for_overwrite<std::byte[]>(value.size());
    copy_bytes(value, copy.get());
    return {std::move(copy), 0, value.size()};
  }
  const auto offset = static_cast<std::size_t>(value.data() - fetched.buffer.get());
  return {std::move(fetched.buffer), offset, value.size()};
}

}  // namespace

// Nearly always the record is in memory and whole: then there is nothing to hand on.
template <typename Index>
template <typename Take>
auto KeyLookup<Index>::look_up(ByteView key, KeyHash hash, const Take& take) const
    -> Result<std::optional<decltype(take(std::declval<FoundRecord>()))>> {
  const KeyMatcher matcher(*records_, hash_function_, key, hash, KeyMatcher::Purpose::kRead);
  const IndexAnswer answer = index_->find(hash, matcher);
  if (answer && matcher.is_plain()) [[likely]] {
    if (!*answer) return std::nullopt;
    const auto frame = whole_frame(records_->view(**answer));
    if (frame && frame->record.type == RecordType::kPut && bytes_equal(frame->record.key, key)) {
      records_->note_size(**answer, frame->size);
      return take(FoundRecord{**answer, {nullptr, *frame}});
    }
  }
  DATAWAL_TRY_ASSIGN(std::optional<FoundRecord> found, fetch(key, answer, matcher));
  if (!found) return std::nullopt;
  return take(*std::move(found));
}

template <typename Index>
[[gnu::cold]] Result<std::optional<FoundRecord>> KeyLookup<Index>::fetch(
    ByteView key, const IndexAnswer& answer, const KeyMatcher& matcher) const {
  if (!answer) return std::unexpected(no_answer());
  const std::optional<LogAddress> address = *answer;
  if (const Error* damage = matcher.damage_behind(address)) return std::unexpected(*damage);
  if (!address) return std::nullopt;
  if (std::optional<FetchedFrame> fetched = matcher.take(*address)) {
    return FoundRecord{*address, *std::move(fetched)};
  }
  DATAWAL_TRY_ASSIGN(FetchedFrame fetched, fetch_at(key, *address));
  return FoundRecord{*address, std::move(fetched)};
}

// The record at `address`, which is of `key`.
template <typename Index>
Result<FetchedFrame> KeyLookup<Index>::fetch_at(ByteView key, LogAddress address) const {
  DATAWAL_TRY_ASSIGN(FetchedFrame fetched, records_->fetch(address));
  const RecordView& record = fetched.frame.record;
  if (record.type != RecordType::kPut) {
    return std::unexpected(not_a_put(record.type, records_->position(address)));
  }
  if (bytes_equal(record.key, key)) return fetched;
  return std::unexpected(key_mismatch(records_->position(address)));
}

template <typename Index>
Result<std::optional<Value>> KeyLookup<Index>::get(ByteView key, KeyHash hash) const {
  return look_up(key, hash, [](FoundRecord found) { return to_value(std::move(found.fetched)); });
}

template <typename Index>
Result<std::optional<std::size_t>> KeyLookup<Index>::get_into(ByteView key,
                                                              MutableByteView buffer) const {
  return look_up(key, hash_function_(key), [&](const FoundRecord& found) {
    const ByteView value = found.fetched.frame.record.payload;
    copy_bytes(value.first(std::min(value.size(), buffer.size())), buffer.data());
    return value.size();
  });
}

template <typename Index>
Result<std::optional<PinnedValue>> KeyLookup<Index>::get_view(ByteView key) const {
  return look_up(key, hash_function_(key), [&](FoundRecord found) {
    const ByteView value = found.fetched.frame.record.payload;
    if (found.fetched.buffer) return PinnedValue(value, std::move(found.fetched.buffer));
    return PinnedValue(value, hold_ ? hold_ : records_->hold());
  });
}

// A look-up waits for the index, and then for the record that this leads to: many wait at once.
template <typename Index>
std::vector<Result<std::optional<Value>>> KeyLookup<Index>::multi_get(
    std::span<const ByteView> keys) const {
  std::vector<Result<std::optional<Value>>> values;
  values.reserve(keys.size());
  std::array<KeyHash, 3 * kLoadGroup> hashes{};
  const auto hash_at = [&](std::size_t index) -> KeyHash& { return hashes[index % hashes.size()]; };
  const auto prefetch_record = [this](LogAddress address) { records_->prefetch(address); };
  by_groups(
      keys.size(),
      [&](std::size_t index) {
        hash_at(index) = hash_function_(keys[index]);
        index_->prefetch(hash_at(index));
      },
      [&](std::size_t index) { index_->visit_candidates(hash_at(index), prefetch_record); },
      [&](std::size_t index) { values.push_back(get(keys[index], hash_at(index))); });
  return values;
}

template <typename Index>
Result<bool> KeyLookup<Index>::contains_key(ByteView key) const {
  const auto found = look_up(key, hash_function_(key), [](const FoundRecord&) { return true; });
  if (!found) return std::unexpected(found.error());
  return found->has_value();
}

template <typename Index>
Result<std::optional<RecordRef>> KeyLookup<Index>::ref_of(ByteView key) const {
  return look_up(key, hash_function_(key), [&](const FoundRecord& found) {
    const Position position = records_->position(found.address);
    return RecordRef{position.segment, static_cast<std::uint32_t>(found.fetched.frame.size),
                     position.offset};
  });
}

template class KeyLookup<KeyIndex>;
template class KeyLookup<FrozenIndex>;

}  // namespace datawal
