// The pure functions: checksum and frame.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "datawal/frame.h"

namespace datawal::bench {
namespace {

Bytes patterned(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t index = 0; index < size; ++index) {
    bytes[index] = static_cast<std::byte>(index * 131);
  }
  return bytes;
}

void count_bytes(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void checksum(benchmark::State& state) {
  const Bytes bytes = patterned(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(crc32c(bytes));
  count_bytes(state, bytes.size());
}
BENCHMARK(checksum)
    ->Name("crc32c")
    ->Arg(32)
    ->Arg(144)
    ->Arg(256)
    ->Arg(1024)
    ->Arg(4096)
    ->Arg(65536)
    ->Arg(1 << 20);

void encode(benchmark::State& state) {
  const Bytes key = patterned(16);
  const Bytes payload = patterned(static_cast<std::size_t>(state.range(0)));
  Bytes buffer(frame_size(key.size(), payload.size()));
  Txid txid = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto size = encode_frame(buffer, {RecordType::kPut, ++txid, key, payload});
    if (!size) return state.SkipWithError("encode_frame failed");
    benchmark::ClobberMemory();
  }
  count_bytes(state, buffer.size());
}
BENCHMARK(encode)->Name("encode_frame")->Arg(100)->Arg(1024)->Arg(65536);

void decode(benchmark::State& state) {
  const Bytes key = patterned(16);
  const Bytes payload = patterned(static_cast<std::size_t>(state.range(0)));
  Bytes buffer(frame_size(key.size(), payload.size()));
  if (!encode_frame(buffer, {RecordType::kPut, 1, key, payload})) {
    return state.SkipWithError("encode_frame failed");
  }
  for ([[maybe_unused]] auto _ : state) {
    const DecodeOutcome outcome = decode_frame(buffer);
    if (!std::holds_alternative<DecodedFrame>(outcome)) {
      return state.SkipWithError("decode_frame failed");
    }
    benchmark::DoNotOptimize(outcome);
  }
  count_bytes(state, buffer.size());
}
BENCHMARK(decode)->Name("decode_frame")->Arg(100)->Arg(1024)->Arg(65536);

}  // namespace
}  // namespace datawal::bench
