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
#include "base/radix_sort.h"
#include "base/try.h"
#include "format/frame_layout.h"
#include "log/key_reader.h"
#include "store/index_table.h"
#include "store/key_matcher.h"
#include "store/log_windows.h"

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
    if (const std::optional<FrameHeader> header = whole_header(bytes)) {
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

bool is_less(const SortedKeys::Entry& left, const SortedKeys::Entry& right) {
  if (left.prefix != right.prefix) return left.prefix < right.prefix;
  return address_in_slot(left.slot) < address_in_slot(right.slot);
}

// Calls visit(run) for the longest runs of entries with the same part_of(entry), if there are two.
template <typename PartOf, typename Visit>
Status visit_runs(std::span<SortedKeys::Entry> entries, const PartOf& part_of, const Visit& visit) {
  for (auto begin = entries.begin(); begin != entries.end();) {
    const auto is_other = [&](const auto& entry) { return part_of(entry) != part_of(*begin); };
    const auto end = std::find_if(begin, entries.end(), is_other);
    if (end - begin > 1) DATAWAL_TRY(visit(std::span(begin, end)));
    begin = end;
  }
  return {};
}

// Sorts entries whose prefixes differ only in bits below `end`, of which there are few thousands if
// keys are spread evenly; then the next 16 bits nearly settle it.
void sort_bucket(std::span<SortedKeys::Entry> bucket, std::span<SortedKeys::Entry> scratch,
                 unsigned end) {
  constexpr std::size_t kWorthDigits = 64;
  if (bucket.size() < kWorthDigits) {
    std::ranges::sort(bucket, is_less);
    return;
  }
  const unsigned begin = end > 16 ? end - 16 : 0;
  const auto upper = [begin](const SortedKeys::Entry& entry) { return entry.prefix >> begin; };
  const auto sorted = radix_sort<8>(bucket, scratch, end - begin, upper);
  if (sorted.data() != bucket.data()) std::ranges::copy(sorted, bucket.begin());
  (void)visit_runs(bucket, upper, [](std::span<SortedKeys::Entry> run) -> Status {
    std::ranges::sort(run, is_less);
    return {};
  });
}

// By the upper bits in which they differ first, so that the rest is done in the processor's cache.
std::vector<SortedKeys::Entry> sorted_by_prefix(std::vector<SortedKeys::Entry> entries) {
  constexpr unsigned kDigitBits = 11;
  constexpr std::size_t kWorthDigits = 4'096;
  std::uint64_t differing = 0;
  for (const SortedKeys::Entry& entry : entries) {
    differing |= entry.prefix ^ entries.front().prefix;
  }
  if (entries.size() < kWorthDigits || differing == 0) {
    std::ranges::sort(entries, is_less);
    return entries;
  }
  const auto width = static_cast<unsigned>(std::bit_width(differing));
  const unsigned shift = std::max(width, kDigitBits) - kDigitBits;
  const auto digit = [shift](const SortedKeys::Entry& entry) {
    return entry.prefix >> shift & ((1U << kDigitBits) - 1);
  };
  std::array<std::size_t, std::size_t{1} << kDigitBits> ends{};
  for (const SortedKeys::Entry& entry : entries) ++ends[digit(entry)];
  std::exclusive_scan(ends.begin(), ends.end(), ends.begin(), std::size_t{0});
  std::vector<SortedKeys::Entry> sorted(entries.size());
  for (const SortedKeys::Entry& entry : entries) sorted[ends[digit(entry)]++] = entry;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    sort_bucket(std::span(sorted).subspan(begin, end - begin), entries, shift);
    begin = end;
  }
  return sorted;
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

Result<SortedKeys> SortedKeys::collect(const FrozenIndex& index, const StoreRecords& records,
                                       const KeyHashFunction& hash_function) {
  std::vector<Entry> entries;
  entries.reserve(index.size());
  {
    LogWindows windows(index, records);
    KeySource keys(records);
    for (std::size_t window = 0; window < windows.size(); ++window) {
      windows.load_ahead(window);
      for (const std::uint64_t slot : windows.slots(window)) {
        const LogAddress address = address_in_slot(slot);
        DATAWAL_TRY_ASSIGN(const KeySource::Key key, keys.at(address));
        if (HashParts(hash_function(key.bytes)).region != region_in_slot(slot)) {
          return std::unexpected(key_mismatch(records.position(address)));
        }
        entries.push_back({key_prefix(key.bytes), slot});
      }
    }
  }
  SortedKeys sorted;
  sorted.entries_ = sorted_by_prefix(std::move(entries));
  EqualPrefixes equal_prefixes(records);
  DATAWAL_TRY(visit_runs(
      sorted.entries_, [](const Entry& entry) { return entry.prefix; },
      [&](std::span<Entry> run) { return equal_prefixes.sort(run); }));
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

}  // namespace datawal
