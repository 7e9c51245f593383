// Addresses of a log of one GiB in segments of 256 MiB, all mapped: made in log order, and looked
// up in random order.
#include "log/log_addresses.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <stdexcept>

namespace datawal::bench {
namespace {

constexpr std::uint64_t kSegmentSize = std::uint64_t{256} << 20;
constexpr std::uint64_t kLogSize = 4 * kSegmentSize;
constexpr std::uint64_t kRecordSize = 128;

Position position_at(std::uint64_t offset_in_log) {
  return {SegmentId{static_cast<std::uint32_t>(offset_in_log / kSegmentSize + 1)},
          offset_in_log % kSegmentSize};
}

std::uint64_t address_at(LogAddresses& addresses, std::uint64_t offset_in_log) {
  const Result<LogAddress> address = addresses.address_of(position_at(offset_in_log), kRecordSize);
  if (!address) throw std::runtime_error(address.error().to_string());
  return static_cast<std::uint64_t>(*address);
}

void address_of(benchmark::State& state) {
  LogAddresses addresses;
  std::uint64_t offset = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(address_at(addresses, offset));
    offset = (offset + kRecordSize) % kLogSize;
  }
}
BENCHMARK(address_of);

// Looks up records all over the log; each look-up waits for the one before.
template <typename LookUp>
void look_up(benchmark::State& state, LookUp look_up_in) {
  LogAddresses addresses;
  const std::byte mapped{};  // stands for all segments, and is not looked at
  for (std::uint32_t id = 1; id <= 4; ++id)
    addresses.set_mapping(SegmentId{id}, {&mapped, kSegmentSize});
  for (std::uint64_t offset = 0; offset < kLogSize; offset += kRecordSize) {
    static_cast<void>(address_at(addresses, offset));
  }
  std::uint64_t offset = 0;
  for ([[maybe_unused]] auto _ : state) {
    offset = (offset * 0x5851'f42d + look_up_in(addresses, LogAddress{offset})) % kLogSize;
  }
}

void position_of(benchmark::State& state) {
  look_up(state, [](const LogAddresses& addresses, LogAddress address) {
    return addresses.position_of(address).offset + 1;
  });
}
BENCHMARK(position_of);

void view_at(benchmark::State& state) {
  look_up(state, [](const LogAddresses& addresses, LogAddress address) {
    return reinterpret_cast<std::uintptr_t>(addresses.view_at(address).data()) + 1;
  });
}
BENCHMARK(view_at);

}  // namespace
}  // namespace datawal::bench
