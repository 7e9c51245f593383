#include "store/cold_records.h"

#include "file/read_ahead.h"

namespace datawal {
namespace {

constexpr std::uint32_t kSamplesPerLook = 16;
// Of some 512 records: what is asked for in vain costs less than waiting for so many.
constexpr std::uint64_t kColdMin = 32;

}  // namespace

ColdRecords::ColdRecords() noexcept : awaited_(awaited_page_count()) {}

void ColdRecords::count_sample() noexcept {
  if (sample_count_.fetch_add(1, std::memory_order_relaxed) % kSamplesPerLook != 0) return;
  const std::uint64_t awaited = awaited_page_count();
  const std::uint64_t before = awaited_.exchange(awaited, std::memory_order_relaxed);
  const std::uint64_t begun = begun_count_.exchange(0, std::memory_order_relaxed);
  are_likely_.store(awaited - before + begun >= kColdMin, std::memory_order_relaxed);
}

void ColdRecords::begin_reading(ByteView bytes) noexcept {
  if (datawal::begin_reading(bytes)) begun_count_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace datawal
