#include "datawal/snapshot.h"

#include <utility>

#include "store/item_cursor.h"
#include "store/ordered_cursor.h"
#include "store/snapshot_state.h"

namespace datawal {
namespace {

// The first key behind all that begin with `prefix`, or nothing if there is none.
std::optional<Bytes> behind(ByteView prefix) {
  Bytes key = to_bytes(prefix);
  while (!key.empty() && key.back() == std::byte{0xff}) key.pop_back();
  if (key.empty()) return std::nullopt;
  key.back() = static_cast<std::byte>(std::to_integer<unsigned>(key.back()) + 1);
  return key;
}

}  // namespace

Snapshot::Snapshot(std::shared_ptr<const SnapshotState> state) : state_(std::move(state)) {}
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot& Snapshot::operator=(Snapshot&&) noexcept = default;
Snapshot::~Snapshot() = default;

Result<std::optional<Value>> Snapshot::get(ByteView key) const {
  return state_->lookup().get(key);
}
Result<std::optional<std::size_t>> Snapshot::get_into(ByteView key, MutableByteView buffer) const {
  return state_->lookup().get_into(key, buffer);
}
Result<std::optional<PinnedValue>> Snapshot::get_view(ByteView key) const {
  return state_->lookup().get_view(key);
}
std::vector<Result<std::optional<Value>>> Snapshot::multi_get(
    std::span<const ByteView> keys) const {
  return state_->lookup().multi_get(keys);
}
Result<bool> Snapshot::contains_key(ByteView key) const {
  return state_->lookup().contains_key(key);
}
Result<std::optional<RecordRef>> Snapshot::ref_of(ByteView key) const {
  return state_->lookup().ref_of(key);
}

std::uint64_t Snapshot::size() const {
  return state_->size();
}
bool Snapshot::empty() const {
  return size() == 0;
}
Txid Snapshot::txid() const {
  return state_->txid();
}

ItemCursor Snapshot::items() const {
  return ItemCursor(std::make_unique<ItemCursorState>(state_, ItemParts::kKeysAndValues));
}
ItemCursor Snapshot::keys() const {
  return ItemCursor(std::make_unique<ItemCursorState>(state_, ItemParts::kKeys));
}

Result<OrderedCursor> Snapshot::range(const KeyRange& range) const {
  return OrderedCursorState::begin(state_, range);
}
Result<OrderedCursor> Snapshot::prefix(ByteView prefix) const {
  const std::optional<Bytes> end = behind(prefix);
  return range({.begin = prefix, .end = end ? std::optional<ByteView>(*end) : std::nullopt});
}

}  // namespace datawal
