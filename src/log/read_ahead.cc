#include "log/read_ahead.h"

#include <algorithm>
#include <utility>

namespace datawal {
namespace {

// Looking at one record that is not in memory takes as long as reading so many bytes in a row.
constexpr std::uint64_t kReadPerLook = std::uint64_t{64} << 10;
constexpr std::size_t kReadSize = std::size_t{256} << 10;

}  // namespace

ReadAhead::Settings ReadAhead::settings() {
  constexpr unsigned kThreadCountMax = 4;
  return {.thread_count = std::min(processor_count(), kThreadCountMax)};
}

ReadAhead::ReadAhead(const LogView& view, std::size_t first_index, std::uint64_t begin,
                     const Settings& settings)
    : view_(view),
      first_index_(first_index),
      begin_(begin),
      buffered_size_max_(settings.thread_count * settings.buffer_size),
      settings_(settings),
      segments_(view_.segments.size()),
      next_index_(first_index),
      asked_index_(first_index),
      uses_hints_(settings.uses_hints) {
  const std::size_t count =
      std::min<std::size_t>(settings_.thread_count, segments_.size() - first_index);
  for (std::size_t index = 0; index < count; ++index) {
    threads_.push_back(std::make_unique<BackgroundThread>([this] { run(); }));
  }
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  emptied_.notify_all();
  threads_.clear();  // their end is waited for
}

std::optional<OutlineBlock> ReadAhead::next(std::size_t index) {
  Lock lock(mutex_);
  if (std::exchange(asked_index_, index) != index) emptied_.notify_all();
  Segment& segment = segments_[index];
  filled_.wait(lock, [&] { return segment.is_done || !segment.blocks.empty(); });
  if (segment.blocks.empty()) return std::nullopt;
  OutlineBlock block = std::move(segment.blocks.front());
  segment.blocks.pop_front();
  segment.size -= block.bytes.size();
  buffered_size_ -= block.bytes.size();
  lock.unlock();
  emptied_.notify_all();
  return block;
}

void ReadAhead::note_looks(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  if (!uses_hints_) return;
  std::uint64_t hinted_size = 0;
  for (std::size_t index = first_index_; index <= asked_index_; ++index) {
    hinted_size += segments_[index].hinted_size;
  }
  if (hinted_size == 0 || count * kReadPerLook < hinted_size) return;
  uses_hints_ = false;
  for (std::size_t index = segments_.size(); index > first_index_; --index) {
    if (segments_[index - 1].hinted_size > 0) to_read_through_.push_back(index - 1);
  }
  emptied_.notify_all();
}

std::uint64_t ReadAhead::hint_count() const {
  const std::lock_guard lock(mutex_);
  const auto is_hinted = [](const Segment& segment) { return segment.hinted_size > 0; };
  return static_cast<std::uint64_t>(std::ranges::count_if(segments_, is_hinted));
}

std::vector<SegmentId> ReadAhead::lacking_hint() const {
  const std::lock_guard lock(mutex_);
  return lacking_hint_;
}

void ReadAhead::run() {
  Lock lock(mutex_);
  while (true) {
    const auto has_work = [this] {
      return is_stopping_ || !to_read_through_.empty() || next_index_ < segments_.size();
    };
    emptied_.wait(lock, has_work);
    if (is_stopping_) return;
    if (!to_read_through_.empty()) {
      read_through_next(lock);
      continue;
    }
    const std::size_t index = next_index_++;
    lock.unlock();
    read(index);
    lock.lock();
    segments_[index].is_done = true;
    filled_.notify_all();
  }
}

// Brings a segment into memory, where whoever looks at its records finds it.
void ReadAhead::read_through_next(Lock& lock) {
  const SegmentId id = view_.segments[to_read_through_.back()];
  to_read_through_.pop_back();
  lock.unlock();
  Bytes buffer(kReadSize);
  if (const auto file = view_.open(id)) {
    std::uint64_t offset = 0;
    while (const Result<std::size_t> count = (*file)->read_at(offset, buffer)) {
      offset += *count;
      const std::lock_guard looking(mutex_);
      if (*count < buffer.size() || is_stopping_) break;
    }
  }
  lock.lock();
}

// What fails here ends the reading ahead of the segment: whoever goes through the log reads on from
// there, and reports what it finds.
void ReadAhead::read(std::size_t index) {
  const auto file = view_.open(view_.segments[index]);
  if (!file) return;
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return;
  const std::uint64_t begin = index == first_index_ ? begin_ : 0;
  const bool may_use = begin == 0 && may_use_hint(index);
  const std::uint64_t hinted = may_use ? read_hint(index, **file) : 0;
  if (may_use && hinted < *size) note_lacking(index);
  DataOutlines outlines(**file, begin + hinted, *size, OutlineCrc::kKeep);
  while (std::optional<OutlineBlock> block = outlines.next()) {
    if (!push(index, *std::move(block))) return;
  }
}

// Gives how far it has come.
std::uint64_t ReadAhead::read_hint(std::size_t index, const File& file) {
  auto outlines = HintOutlines::open(*view_.directory, view_.segments[index], file);
  if (!outlines) return 0;
  while (std::optional<OutlineBlock> block = outlines->next()) {
    note_hinted(index, outlines->offset());
    if (!push(index, *std::move(block))) break;
  }
  return outlines->offset();
}

void ReadAhead::note_hinted(std::size_t index, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  segments_[index].hinted_size = size;
}

void ReadAhead::note_lacking(std::size_t index) {
  const std::lock_guard lock(mutex_);
  lacking_hint_.push_back(view_.segments[index]);
}

// Hints do not have the checksums that a watermark inside a segment is held against.
bool ReadAhead::may_use_hint(std::size_t index) const {
  if (index + 1 == segments_.size()) return false;
  const std::lock_guard lock(mutex_);
  if (!uses_hints_) return false;
  const std::optional<Watermark>& mark = view_.watermark;
  return !mark || mark->position.segment != view_.segments[index] || mark->position.offset == 0;
}

// Waits for room. Gives whether to go on.
bool ReadAhead::push(std::size_t index, OutlineBlock block) {
  Lock lock(mutex_);
  Segment& segment = segments_[index];
  const auto is_unwanted = [&] { return is_stopping_ || index < asked_index_; };
  // Of the segment that is asked for there is always room for some, whatever waits behind it.
  const auto is_full = [&] {
    return index == asked_index_ ? segment.size >= settings_.buffer_size
                                 : buffered_size_ >= buffered_size_max_;
  };
  while (!is_unwanted() && is_full()) {
    if (to_read_through_.empty()) {
      emptied_.wait(lock);
    } else {
      read_through_next(lock);
    }
  }
  if (is_unwanted()) return false;
  segment.size += block.bytes.size();
  buffered_size_ += block.bytes.size();
  segment.blocks.push_back(std::move(block));
  lock.unlock();
  filled_.notify_one();
  return true;
}

}  // namespace datawal
