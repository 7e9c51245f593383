#include "store/sorted_keys.h"

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

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

// By its digits, the lowest first: a third of the time that comparing takes.
void sort_by_address(std::span<std::uint64_t> slots) {
  constexpr unsigned kDigitBits = 11;
  constexpr std::size_t kWorthwhile = 4'096;
  if (slots.size() < kWorthwhile) {
    std::ranges::sort(slots, {}, address_in_slot);
    return;
  }
  const auto address = [](std::uint64_t slot) {
    return static_cast<std::uint64_t>(address_in_slot(slot));
  };
  const auto bits =
      static_cast<unsigned>(std::bit_width(address(*std::ranges::max_element(slots, {}, address))));
  std::vector<std::uint64_t> others(slots.size());
  std::span<std::uint64_t> from = slots;
  std::span<std::uint64_t> to = others;
  for (unsigned shift = 0; shift < bits; shift += kDigitBits) {
    const auto digit = [&](std::uint64_t slot) {
      return address(slot) >> shift & ((1U << kDigitBits) - 1);
    };
    std::array<std::size_t, std::size_t{1} << kDigitBits> ends{};
    for (const std::uint64_t slot : from) ++ends[digit(slot)];
    std::exclusive_scan(ends.begin(), ends.end(), ends.begin(), std::size_t{0});
    for (const std::uint64_t slot : from) to[ends[digit(slot)]++] = slot;
    std::swap(from, to);
  }
  if (from.data() != slots.data()) std::ranges::copy(from, slots.begin());
}

// Inside a unit of addresses they are, so that one look for each is enough.
bool is_in_log_order(std::span<const std::uint64_t> slots, const StoreRecords& records) {
  std::optional<LogAddress> last;
  for (const std::uint64_t slot : slots) {
    const LogAddress address = address_in_slot(slot);
    const bool is_next_unit =
        last && LogAddresses::unit_number(address) != LogAddresses::unit_number(*last);
    if (is_next_unit && records.position(address) < records.position(*last)) return false;
    last = address;
  }
  return true;
}

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
  sort_by_address(slots);
  if (is_in_log_order(slots, records)) return;
  const auto position = [&](std::uint64_t slot) { return records.position(address_in_slot(slot)); };
  std::ranges::sort(slots, {}, position);
}

}  // namespace datawal
