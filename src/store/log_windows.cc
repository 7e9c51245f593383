#include "store/log_windows.h"

#include <algorithm>
#include <utility>

#include "base/radix_sort.h"
#include "file/read_ahead.h"
#include "store/index_table.h"

namespace datawal {
namespace {

constexpr std::uint64_t kNotListed = ~std::uint64_t{0};

std::size_t window_of(std::uint64_t slot) {
  return static_cast<std::uint64_t>(address_in_slot(slot)) >> LogWindows::kWindowBits;
}

std::uint64_t offset_in_window(std::uint64_t slot) {
  return slot % LogWindows::kWindowSize;
}
static_assert(LogWindows::kWindowBits <= kLogAddressBits);

}  // namespace

LogWindows::LogWindows(const FrozenIndex& index, const StoreRecords& records)
    : index_(&index),
      records_(&records),
      census_(records.addresses().unit_count() * (LogAddresses::kUnitSize / kWindowSize)) {
  count();
  put_in_order();
}

void LogWindows::count() {
  index_->visit_slots([this](std::uint64_t slot) {
    Census& census = census_[window_of(slot)];
    census.fingerprint.add(slot);
    ++census.count;
    census.first = std::min(census.first, static_cast<std::uint32_t>(offset_in_window(slot)));
  });
}

// Addresses rise with the log, but where units of addresses are used again.
void LogWindows::put_in_order() {
  const LogAddresses& addresses = records_->addresses();
  for (std::uint32_t number = 0; number < census_.size(); ++number) {
    if (census_[number].count == 0) continue;
    const LogAddress begin{std::uint64_t{number} << kWindowBits};
    order_.push_back({number, addresses.dead_bytes_around(begin) == 0, 0});
  }
  // Of a segment that is just being rewritten there are two files.
  const auto place = [&](const Window& window) {
    const LogAddress begin{std::uint64_t{window.number} << kWindowBits};
    return std::pair(addresses.position_of(begin), window.number);
  };
  if (!std::ranges::is_sorted(order_, {}, place)) std::ranges::sort(order_, {}, place);
}

void LogWindows::load_ahead(std::size_t window) {
  constexpr std::size_t kWindowsAhead = 8;  // 1 MiB
  const std::size_t end = std::min(size(), window + kWindowsAhead);
  for (; loaded_count_ < end; ++loaded_count_) {
    const LogAddress begin = address(loaded_count_);
    const std::uint32_t unit = LogAddresses::unit_number(begin);
    if (std::exchange(loaded_unit_, unit) != unit) read_ahead(records_->view(begin));
  }
}

std::span<const std::uint64_t> LogWindows::slots(std::size_t window) {
  constexpr std::size_t kWorthDigits = 256;
  if (!is_listed_ || order_[window].is_dense) list_from(window);
  const std::span listed(&listed_[order_[window].begin], census(window).count);
  if (listed.size() < kWorthDigits) {
    std::ranges::sort(listed, {}, offset_in_window);
    return listed;
  }
  const std::span scratch(scratch_.get(), listed.size());
  return radix_sort<9>(listed, scratch, kWindowBits, offset_in_window);
}

// Lists the slots of `window`, and of those behind it that are not dense; of all of them if it has
// turned out that this one is not dense although it looked so.
void LogWindows::list_from(std::size_t window) {
  const bool is_surprise = order_[window].is_dense;
  std::vector<std::uint64_t> ends(census_.size(), kNotListed);
  std::uint64_t size = 0;
  std::uint32_t count_max = 0;
  for (Window& listed : std::span(order_).subspan(window)) {
    if (is_surprise) listed.is_dense = false;
    if (listed.is_dense) continue;
    listed.begin = size;
    ends[listed.number] = size;
    size += census_[listed.number].count;
    count_max = std::max(count_max, census_[listed.number].count);
  }
  listed_ = std::make_unique_for_overwrite<std::uint64_t[]>(size);
  scratch_ = std::make_unique_for_overwrite<std::uint64_t[]>(count_max);
  index_->visit_slots([&](std::uint64_t slot) {
    std::uint64_t& end = ends[window_of(slot)];
    if (end != kNotListed) listed_[end++] = slot;
  });
  is_listed_ = true;
}

}  // namespace datawal
