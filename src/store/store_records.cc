#include "store/store_records.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/try.h"
#include "file/second_thread.h"

namespace datawal {
// Shared with those who hold, because they may be the last.
struct StoreRecords::Released {
  std::mutex mutex;
  std::vector<RetiredUnits> units;
  // Let go of one after the other by the thread that is_draining says there is: each may be the
  // last that holds the next, and a recursion would be as deep as there were replacements.
  std::vector<std::shared_ptr<Holders>> later;
  bool is_draining = false;

  // The space of a file that has been removed is freed when it is closed, which takes a while.
  void close(std::vector<Replaced> segments) {
    if (segments.empty()) return;
    auto closed = std::make_shared<std::vector<Replaced>>(std::move(segments));
    const std::lock_guard lock(closing_mutex);
    closing.begin([closed = std::move(closed)] { closed->clear(); });
  }
  std::mutex closing_mutex;
  SecondThread closing;
};

// Those who began to hold between two replacements. What the second one replaces is theirs, and
// that of all who began earlier: they keep each other alive in that order.
struct StoreRecords::Holders {
  explicit Holders(std::shared_ptr<Released> to) : released(std::move(to)) {}
  Holders(const Holders&) = delete;
  Holders& operator=(const Holders&) = delete;
  ~Holders() {
    std::unique_lock lock(released->mutex);
    for (Replaced& segment : replaced) released->units.push_back(std::move(segment.units));
    lock.unlock();
    released->close(std::move(replaced));
    lock.lock();
    if (next) released->later.push_back(std::move(next));
    if (released->is_draining) return;
    released->is_draining = true;
    while (!released->later.empty()) {
      std::vector<std::shared_ptr<Holders>> ending = std::exchange(released->later, {});
      lock.unlock();
      ending.clear();  // those that were the last add what is later still
      lock.lock();
    }
    released->is_draining = false;
  }

  std::shared_ptr<Released> released;
  std::vector<Replaced> replaced;
  std::shared_ptr<Holders> next;
};

StoreRecords::StoreRecords(std::shared_ptr<const Directory> directory, Access access)
    : StoreRecords(std::move(directory), std::move(access), std::make_unique<LogAddresses>(), {}) {}

StoreRecords::StoreRecords(std::shared_ptr<const Directory> directory, Access access,
                           std::unique_ptr<LogAddresses> addresses,
                           const std::vector<SegmentFacts>& segments)
    : directory_(std::move(directory)),
      access_(std::move(access)),
      addresses_(std::move(addresses)),
      files_(std::make_unique<SegmentFiles>(directory_, access_.held)),
      released_(std::make_shared<Released>()),
      holders_(std::make_shared<Holders>(released_)) {
  for (const SegmentFacts& segment : segments) begin_segment(segment.id);
}

StoreRecords::~StoreRecords() = default;

void StoreRecords::begin_segment(SegmentId segment) {
  map_segment(segment);
  last_segment_ = segment;
  maps_last_segment_ = views_.contains(segment);
}

// Where a segment cannot be mapped, for want of address space or because somebody forbids it, its
// records are fetched. Opened it is all the same, so that its name is not asked for when another
// file may have it.
void StoreRecords::map_segment(SegmentId segment) {
  if (views_.contains(segment)) return;
  const auto file = files_->get(segment);
  if (!file || !access_.may_map) return;
  const Result<std::uint64_t> size = (*file)->size_at_open();
  if (!size) return;
  std::unique_ptr<FileView> view = (*file)->view(std::max(*size, access_.size_max));
  if (!view) return;
  files_->forget(segment);  // the view is enough
  addresses_->set_mapping(segment, view->bytes());
  views_[segment] = std::move(view);
}

void StoreRecords::prefetch(LogAddress address) const noexcept {
  const ByteView bytes = view(address);
  if (bytes.empty()) return;
  cold_.announce(address, bytes.first(std::min<std::size_t>(
                              bytes.size(), common_size_.load(std::memory_order_relaxed))));
  __builtin_prefetch(bytes.data());
  prefetch_rest(bytes);
}

Status StoreRecords::check_room_for(std::uint64_t size) const {
  if (addresses_->has_room_for(size)) return {};
  return std::unexpected(LogAddresses::exhausted({}));
}

Result<FetchedFrame> StoreRecords::fetch(LogAddress address) const {
  const Position place = position(address);
  if (const ByteView bytes = view(address); !bytes.empty()) {
    Result<DecodedFrame> frame = decode_at(bytes, place);
    // What reaches beyond the mapping, or beyond what was written, is told apart by the file.
    if (frame) return FetchedFrame{nullptr, *frame};
    if (frame.error().code != ErrorCode::kTruncated) return std::unexpected(frame.error());
  }
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<const File> file, file_of(address));
  return fetch_frame(*file, place, addresses_->size_from(address));
}

Result<std::shared_ptr<const File>> StoreRecords::file_of(LogAddress address) const {
  const std::lock_guard lock(mutex_);
  const auto replaced = replaced_files_.find(LogAddresses::unit_number(address));
  if (replaced != replaced_files_.end()) {
    if (std::shared_ptr<const File> file = replaced->second.lock()) return file;
  }
  return files_->get(position(address).segment);
}

// What cannot be read is not nothing: its segment has something that is dead.
std::uint64_t StoreRecords::fetched_size(LogAddress address) const {
  std::array<std::byte, kFrameHeaderSize> bytes;
  const auto file = file_of(address);
  if (!file) return kFrameSizeMin;
  const Result<std::size_t> count = (*file)->read_at(position(address).offset, bytes);
  const auto header = whole_header(ByteView(bytes).first(count.value_or(0)));
  return header ? header->size() : kFrameSizeMin;
}

// What is mapped now is this object's, what has been replaced by then its holders'.
struct StoreRecords::Hold {
  std::shared_ptr<const StoreRecords> records;
  std::shared_ptr<Holders> holders;
};

std::shared_ptr<const void> StoreRecords::hold() const {
  const std::lock_guard lock(mutex_);
  return std::make_shared<const Hold>(Hold{shared_from_this(), holders_});
}

Status StoreRecords::replace(std::span<const SegmentSource> replaced,
                             std::span<const RecordRef> last_in_units,
                             const std::function<Status()>& rename) {
  if (addresses_->free_unit_count() < last_in_units.size()) {
    return std::unexpected(LogAddresses::exhausted({replaced.front().id, 0}));
  }
  const std::lock_guard lock(mutex_);
  DATAWAL_TRY(rename());
  for (const SegmentSource& segment : replaced) {
    Replaced old{addresses_->retire(segment.id), segment.file, nullptr};
    for (const std::uint32_t unit : old.units.units()) replaced_files_[unit] = segment.file;
    if (auto view = views_.extract(segment.id)) old.view = std::move(view.mapped());
    files_->forget(segment.id);
    replaced_.push_back(std::move(old));
  }
  map_segment(replaced.front().id);
  for (const RecordRef& ref : last_in_units) {
    DATAWAL_TRY(addresses_->address_of(ref.position(), ref.size));
  }
  return {};
}

void StoreRecords::release_replaced() {
  // Those who looked up an address before, and are not done with it, hold by then.
  wait_for_readers();
  auto holders = std::make_shared<Holders>(released_);
  {
    const std::lock_guard lock(mutex_);
    holders_->replaced = std::move(replaced_);
    holders_->next = holders;
    replaced_.clear();
    holders_.swap(holders);
  }
  holders.reset();  // those of before; what they have goes with the last of them
  reuse_released();
}

void StoreRecords::reuse_released() {
  std::vector<RetiredUnits> units;
  {
    const std::lock_guard lock(released_->mutex);
    units.swap(released_->units);
  }
  const std::lock_guard lock(mutex_);
  for (RetiredUnits& retired : units) {
    for (const std::uint32_t unit : retired.units()) replaced_files_.erase(unit);
    addresses_->reuse(std::move(retired));
  }
}

}  // namespace datawal
