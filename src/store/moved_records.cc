#include "store/moved_records.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

#include "store/index_table.h"

namespace datawal {
namespace {

// So many records are led to their new places at a time, while nobody writes.
constexpr std::size_t kStep = 256;

}  // namespace

MovedRecords::MovedRecords(const RecordPlaces* places) : places_(places) {
  if (places != nullptr) source_places_.emplace(places->count());
}

void MovedRecords::add(KeyHash hash, LogAddress source, std::uint64_t target, std::uint32_t size) {
  by_key_.push_back({hash, source, target, size});
  note_last(target, size);
}

void MovedRecords::add(std::uint64_t source_place, std::uint64_t target, std::uint32_t size) {
  source_places_->set(source_place);
  targets_.push_back(target);
  note_last(target, size);
}

void MovedRecords::note_last(std::uint64_t target, std::uint32_t size) {
  const bool is_in_unit =
      !last_in_units_.empty() &&
      last_in_units_.back().offset >> LogAddresses::kUnitBits == target >> LogAddresses::kUnitBits;
  if (!is_in_unit) last_in_units_.emplace_back();
  last_in_units_.back() = {target, size};
}

std::vector<RecordRef> MovedRecords::last_in_units(SegmentId segment) const {
  std::vector<RecordRef> last;
  last.reserve(last_in_units_.size());
  for (const Placed& target : last_in_units_) {
    last.push_back({segment, target.size, target.offset});
  }
  return last;
}

void MovedRecords::lead(StoreIndex& index, SharedLog& log, SegmentId segment) {
  if (places_ != nullptr) {
    lead_by_places(index, log, segment);
  } else {
    lead_by_keys(index, log, segment);
  }
}

void MovedRecords::lead_by_keys(StoreIndex& index, SharedLog& log, SegmentId segment) const {
  const SegmentAddresses targets = index.records().addresses().addresses_in(segment);
  const std::span<const ByKey> records(by_key_);
  for (std::size_t begin = 0; begin < records.size(); begin += kStep) {
    const auto step = records.subspan(begin, std::min(kStep, records.size() - begin));
    for (const ByKey& record : step) index.prefetch(record.hash);
    log.read([&](const LogWriter&) {
      for (const ByKey& record : step) {
        const std::optional<LogAddress> target = targets.find(record.target);
        // Where the key has been written meanwhile, the copy is dead already.
        if (target && !index.keys().replace(record.hash, record.source, *target)) {
          index.records().note_dead(*target);
        }
      }
    });
  }
}

// The new addresses of records that are known by their places: in the order of these, so that their
// numbers are how many places come before. Says which have been taken.
class MovedRecords::Targets {
 public:
  // `offsets`, in the new segment, become the addresses.
  Targets(const RecordPlaces& places, const PlaceBits& used, const SegmentAddresses& segment,
          std::vector<std::uint64_t>& offsets)
      : places_(places), addresses_(offsets) {
    words_.reserve(used.words().size());
    std::uint64_t count = 0;
    for (const std::uint64_t bits : used.words()) {
      words_.push_back({bits, count});
      count += static_cast<std::uint64_t>(std::popcount(bits));
    }
    for (std::uint64_t& offset : offsets) {
      offset = static_cast<std::uint64_t>(*segment.find(offset));
    }
  }

  static constexpr std::uint64_t kNone = RecordPlaces::kNowhere;
  [[nodiscard]] std::uint64_t find_place(LogAddress source) const noexcept {
    const std::uint64_t place = places_.find(source);
    if (place != kNone) __builtin_prefetch(&words_[place / 64]);
    return place;
  }
  [[nodiscard]] std::uint64_t find_number(std::uint64_t place) const noexcept {
    const Word& word = words_[place / 64];
    const std::uint64_t bit = std::uint64_t{1} << place % 64;
    if ((word.bits & bit) == 0) return kNone;
    const std::uint64_t number =
        word.count_before + static_cast<std::uint64_t>(std::popcount(word.bits & (bit - 1)));
    __builtin_prefetch(&addresses_[number]);
    return number;
  }
  [[nodiscard]] LogAddress take(std::uint64_t number) noexcept {
    const std::uint64_t address = addresses_[number];
    addresses_[number] = address | kTaken;
    return LogAddress{address & ~kTaken};
  }

  // The next that has not been taken, if there is any.
  [[nodiscard]] std::optional<LogAddress> next_untaken() noexcept {
    while (next_ < addresses_.size() && (addresses_[next_] & kTaken) != 0) ++next_;
    if (next_ == addresses_.size()) return std::nullopt;
    return LogAddress{addresses_[next_++]};
  }

 private:
  static constexpr std::uint64_t kTaken = std::uint64_t{1} << kLogAddressBits;
  struct Word {
    std::uint64_t bits;
    std::uint64_t count_before;
  };

  const RecordPlaces& places_;
  std::vector<Word> words_;  // of the places
  std::span<std::uint64_t> addresses_;
  std::size_t next_ = 0;
};

// Each table at once: in between, an entry could go from a part that is still to be looked at to
// one that has been. If the table is divided later, all in it has been led already.
void MovedRecords::lead_by_places(StoreIndex& index, SharedLog& log, SegmentId segment) {
  Targets targets(*places_, *source_places_, index.records().addresses().addresses_in(segment),
                  targets_);
  for (std::uint32_t region = 0; region < kRegionCount;) {
    log.read([&](const LogWriter&) { region = index.keys().replace_in_table(region, targets); });
  }
  log.read([&](const LogWriter&) { index.keys().replace_in_overflow(targets); });
  // The keys of the others have been written meanwhile, so that the copies are dead already.
  std::optional<LogAddress> dead = targets.next_untaken();
  while (dead) {
    log.read([&](const LogWriter&) {
      for (std::size_t step = 0; dead && step < kStep; ++step, dead = targets.next_untaken()) {
        index.records().note_dead(*dead);
      }
    });
  }
}

}  // namespace datawal
