#include "store/windows_ahead.h"

#include <algorithm>
#include <limits>
#include <span>
#include <system_error>

#include "store/frame_walk.h"
#include "store/snapshot_state.h"

namespace datawal {
namespace {

// From one look at something else to the next: headers, checksums, keys in turn.
constexpr std::size_t kStep = 8;

}  // namespace

bool WindowsAhead::take(std::size_t window, std::vector<Item>& items) {
  if (!is_begun_) {
    if (is_worth_it(window)) begin(window);
    if (!is_begun_) return read(window, items);
  }
  ReadWindow& result = ring_[window % kRing];
  for (auto done = result.done_end.load(std::memory_order_acquire); done != window + 1;
       done = result.done_end.load(std::memory_order_acquire)) {
    if (!read_next(window + kRing)) result.done_end.wait(done, std::memory_order_acquire);
  }
  items.swap(result.items);
  const bool is_read = result.is_read;
  taken_end_.store(window + 1, std::memory_order_release);
  // A thread that sleeps because the ring is full is woken for half of it at least.
  if ((window + 1) % (kRing / 2) == 0) taken_end_.notify_one();
  return is_read;
}

bool WindowsAhead::is_worth_it(std::size_t window) const noexcept {
  constexpr std::size_t kWindowsAlone = 16;
  return window >= kWindowsAlone && window + kWindowsAlone < windows_.size() &&
         !is_stopping_.load(std::memory_order_relaxed) && processor_count() > 1;
}

void WindowsAhead::begin(std::size_t window) {
  next_.store(window, std::memory_order_relaxed);
  taken_end_.store(window, std::memory_order_relaxed);
  try {
    second_ = std::make_unique<BackgroundThread>([this] { run_ahead(); });
    is_begun_ = true;
  } catch (const std::system_error&) {  // there are too many threads
    is_stopping_.store(true, std::memory_order_relaxed);
  }
}

void WindowsAhead::stop() noexcept {
  is_stopping_.store(true, std::memory_order_relaxed);
  taken_end_.store(std::numeric_limits<std::size_t>::max() - kRing, std::memory_order_release);
  taken_end_.notify_one();
  second_.reset();
  is_begun_ = false;
}

void WindowsAhead::run_ahead() {
  while (!is_stopping_.load(std::memory_order_relaxed)) {
    const std::size_t taken = taken_end_.load(std::memory_order_acquire);
    if (read_next(taken + kRing)) continue;
    if (next_.load(std::memory_order_relaxed) >= windows_.size()) return;
    taken_end_.wait(taken, std::memory_order_acquire);
  }
}

// Reads the first window that nobody has begun with. False where there is none below `end`.
bool WindowsAhead::read_next(std::size_t end) {
  std::size_t window = next_.load(std::memory_order_relaxed);
  do {
    if (window >= std::min(end, windows_.size())) return false;
  } while (!next_.compare_exchange_weak(window, window + 1, std::memory_order_relaxed));
  ReadWindow& result = ring_[window % kRing];
  result.is_read = read(window, result.items);
  result.done_end.store(window + 1, std::memory_order_release);
  result.done_end.notify_one();
  return true;
}

// Reads all records of a window, one behind the other. False where they are not the live ones.
bool WindowsAhead::read(std::size_t window, std::vector<Item>& items) const {
  if (!windows_.is_dense(window)) return false;
  const LogWindows::Census& census = windows_.census(window);
  const LogAddress begin = LogAddresses::unit_begin(windows_.address(window));
  const Position position = snapshot_.records().position(begin);
  const ByteView bytes = snapshot_.records().view(begin);
  if (bytes.empty()) return false;
  FrameWalk walk(bytes, position,
                 LogAddresses::offset_in_unit(windows_.address(window)) + census.first);
  const KeyHashFunction& hash = snapshot_.lookup().hash_function();
  SlotsFingerprint fingerprint;
  items.resize(census.count);
  for (std::span rest(items); !rest.empty(); rest = rest.subspan(std::min(kStep, rest.size()))) {
    const std::span step = rest.first(std::min(kStep, rest.size()));
    for (Item& item : step) {
      if (!walk.next_put(item)) return false;
    }
    if (!crcs_hold(step)) return false;
    for (const Item& item : step) {
      fingerprint.add(HashParts(hash(item.key))
                          .slot(LogAddress{static_cast<std::uint64_t>(begin) +
                                           (item.ref.offset - position.offset)}));
    }
  }
  return fingerprint == census.fingerprint;
}

}  // namespace datawal
