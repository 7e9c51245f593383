#include "store/sorted_keys.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <utility>

#include "base/endian.h"
#include "base/try.h"
#include "log/key_reader.h"
#include "store/index_table.h"
#include "store/key_matcher.h"

namespace datawal {
namespace {

constexpr std::size_t kChunkSize = std::size_t{1} << 20;

// Reads keys for comparing them. Their checksums are not looked at: who uses a record does that.
class KeySource {
 public:
  explicit KeySource(const StoreRecords& records) : records_(&records) {}

  struct Key {
    ByteView bytes;
    bool is_mapped;  // else valid until the next call
  };
  [[nodiscard]] Result<Key> at(LogAddress address) {
    const ByteView bytes = records_->view(address);
    const HeaderOutcome outcome = decode_header(bytes);
    if (const auto* const header = std::get_if<FrameHeader>(&outcome)) {
      const std::size_t key_size = header->key_size;
      if (bytes.size() >= kFrameHeaderSize + key_size) {
        return Key{bytes.subspan(kFrameHeaderSize, key_size), true};
      }
    }
    DATAWAL_TRY_ASSIGN(std::shared_ptr<const File> file, records_->file_of(address));
    DATAWAL_TRY_ASSIGN(const ByteView key,
                       reader_.read(std::move(file), records_->position(address)));
    return Key{key, false};
  }

 private:
  const StoreRecords* records_;
  KeyReader reader_;
};

// Keys that begin with the same eight bytes, while they are put in order.
class EqualPrefixes {
 public:
  explicit EqualPrefixes(const StoreRecords& records) : keys_(records) {}

  // Sorts `run`, which has been in log order.
  [[nodiscard]] Status sort(std::span<SortedKeys::Entry> run) {
    compared_.clear();
    chunks_.clear();
    for (const SortedKeys::Entry& entry : run) {
      DATAWAL_TRY_ASSIGN(const KeySource::Key key, keys_.at(address_in_slot(entry.slot)));
      compared_.push_back({0, key.is_mapped ? key.bytes : kept(key.bytes), entry.slot});
    }
    const std::size_t shared = shared_size();
    for (Compared& compared : compared_) {
      compared.next = key_prefix(compared.key.subspan(std::min(shared, compared.key.size())));
    }
    std::ranges::sort(compared_, [](const Compared& left, const Compared& right) {
      if (left.next != right.next) return left.next < right.next;
      return as_text(left.key) < as_text(right.key);
    });
    for (std::size_t index = 0; index < run.size(); ++index)
      run[index].slot = compared_[index].slot;
    return {};
  }

 private:
  struct Compared {
    std::uint64_t next;  // eight bytes, behind those that all share
    ByteView key;
    std::uint64_t slot;
  };

  [[nodiscard]] ByteView kept(ByteView key) {
    if (chunks_.empty() || chunks_.back().capacity() - chunks_.back().size() < key.size()) {
      chunks_.emplace_back().reserve(std::max(kChunkSize, key.size()));
    }
    Bytes& chunk = chunks_.back();
    chunk.insert(chunk.end(), key.begin(), key.end());
    return ByteView(chunk).last(key.size());
  }

  // How many bytes all keys begin with.
  [[nodiscard]] std::size_t shared_size() const {
    ByteView shared = compared_.front().key;
    for (const Compared& compared : compared_) {
      const auto differs = std::ranges::mismatch(shared, compared.key).in1;
      shared = shared.first(static_cast<std::size_t>(differs - shared.begin()));
    }
    return shared.size();
  }

  KeySource keys_;
  std::vector<Compared> compared_;
  std::deque<Bytes> chunks_;  // of keys; one never moves once it has been begun
};

}  // namespace

std::uint64_t key_prefix(ByteView key) {
  if (key.size() >= sizeof(std::uint64_t)) {
    return std::byteswap(load_le<std::uint64_t>(key.data()));
  }
  std::uint64_t prefix = 0;
  for (std::size_t index = 0; index < sizeof prefix; ++index) {
    const auto octet = index < key.size() ? std::to_integer<std::uint64_t>(key[index]) : 0;
    prefix = prefix << 8 | octet;
  }
  return prefix;
}

Result<SortedKeys> SortedKeys::collect(const StoreRecords& records,
                                       const KeyHashFunction& hash_function,
                                       std::span<const std::uint64_t> slots) {
  SortedKeys sorted;
  std::vector<Entry>& entries = sorted.entries_;
  entries.reserve(slots.size());
  KeySource keys(records);
  for (const std::uint64_t slot : slots) {
    const LogAddress address = address_in_slot(slot);
    DATAWAL_TRY_ASSIGN(const KeySource::Key key, keys.at(address));
    if (HashParts(hash_function(key.bytes)).region != region_in_slot(slot)) {
      return std::unexpected(key_mismatch(records.position(address)));
    }
    entries.push_back({key_prefix(key.bytes), slot});
  }
  std::ranges::sort(entries, [](const Entry& left, const Entry& right) {
    if (left.prefix != right.prefix) return left.prefix < right.prefix;
    return address_in_slot(left.slot) < address_in_slot(right.slot);
  });
  EqualPrefixes equal_prefixes(records);
  for (auto begin = entries.begin(); begin != entries.end();) {
    const auto is_other = [&](const Entry& entry) { return entry.prefix != begin->prefix; };
    const auto end = std::find_if(begin, entries.end(), is_other);
    if (end - begin > 1) DATAWAL_TRY(equal_prefixes.sort({begin, end}));
    begin = end;
  }
  return sorted;
}

Result<std::size_t> SortedKeys::lower_bound(ByteView key, const StoreRecords& records) const {
  const auto equal = std::ranges::equal_range(entries_, key_prefix(key), {}, &Entry::prefix);
  auto first = static_cast<std::size_t>(equal.begin() - entries_.begin());
  auto last = static_cast<std::size_t>(equal.end() - entries_.begin());
  KeySource keys(records);
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    DATAWAL_TRY_ASSIGN(const KeySource::Key found, keys.at(address_in_slot(entries_[middle].slot)));
    if (as_text(found.bytes) < as_text(key)) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

// Addresses rise with the log, but where units of addresses are used again.
void sort_in_log_order(std::span<std::uint64_t> slots, const StoreRecords& records) {
  std::ranges::sort(slots, {}, address_in_slot);
  const auto position = [&](std::uint64_t slot) { return records.position(address_in_slot(slot)); };
  if (!std::ranges::is_sorted(slots, {}, position)) std::ranges::sort(slots, {}, position);
}

}  // namespace datawal
