#include "store/sorted_keys.h"

#include <algorithm>

#include "base/try.h"
#include "log/key_reader.h"

namespace datawal {
namespace {

constexpr std::size_t kChunkSize = std::size_t{1} << 20;

std::uint64_t prefix_of(ByteView key) {
  std::uint64_t prefix = 0;
  for (std::size_t index = 0; index < sizeof prefix; ++index) {
    const auto octet = index < key.size() ? std::to_integer<std::uint64_t>(key[index]) : 0;
    prefix = prefix << 8 | octet;
  }
  return prefix;
}

bool is_before(const SortedKeys::Entry& left, const SortedKeys::Entry& right) {
  if (left.prefix != right.prefix) return left.prefix < right.prefix;
  return as_text(left.key) < as_text(right.key);
}

}  // namespace

Result<SortedKeys> SortedKeys::collect(const StoreIndex& index,
                                       const std::vector<IndexedRecord>& records) {
  SortedKeys keys;
  keys.entries_.reserve(records.size());
  KeyReader reader(index.records().files());
  for (const IndexedRecord& record : records) {
    const Position position = index.records().position(record.address);
    DATAWAL_TRY_ASSIGN(const ByteView key, reader.read(position));
    if (!index.may_be_of(key, record)) return std::unexpected(key_mismatch(position));
    keys.add(key, record.address);
  }
  std::ranges::sort(keys.entries_, is_before);
  return keys;
}

void SortedKeys::add(ByteView key, LogAddress address) {
  if (chunks_.empty() || chunks_.back().capacity() - chunks_.back().size() < key.size()) {
    chunks_.emplace_back().reserve(std::max(kChunkSize, key.size()));
  }
  Bytes& chunk = chunks_.back();
  chunk.insert(chunk.end(), key.begin(), key.end());
  entries_.push_back({prefix_of(key), ByteView(chunk).last(key.size()), address});
}

}  // namespace datawal
