// Whether the records that are about to be looked at are likely to be on the disk only, because the
// log does not fit into memory. Then it pays to ask the system for several at once, by a call for
// each, and to wait for them together; else that would cost more than all the rest.
//
// Found out by what was waited for: of some hundred records that were announced, how many pages had
// to be read.
//
// Thread safety: any thread may call anything at any time.
#pragma once

#include <atomic>
#include <cstdint>

#include "datawal/bytes.h"
#include "log/log_addresses.h"

namespace datawal {

class ColdRecords {
 public:
  ColdRecords() noexcept;

  // To be called for each record that will be looked at soon: its address, and the bytes of it that
  // will be, as they are mapped.
  void announce(LogAddress address, ByteView bytes) noexcept {
    if (is_sample(address)) [[unlikely]]
      count_sample();
    if (are_likely()) [[unlikely]]
      begin_reading(bytes);
  }
  [[nodiscard]] bool are_likely() const noexcept {
    return are_likely_.load(std::memory_order_relaxed);
  }

 private:
  // Threads that all counted would take the line of memory from each other.
  static constexpr std::uint64_t kSampledOneIn = 32;

  [[nodiscard]] static bool is_sample(LogAddress address) noexcept {
    return static_cast<std::uint64_t>(address) % kSampledOneIn == 0;
  }
  void count_sample() noexcept;
  void begin_reading(ByteView bytes) noexcept;

  std::atomic<bool> are_likely_ = false;
  std::atomic<std::uint32_t> sample_count_ = 0;
  std::atomic<std::uint32_t> begun_count_ = 0;  // pages that were asked for since the last look
  std::atomic<std::uint64_t> awaited_;          // pages, by the last look
};

}  // namespace datawal
