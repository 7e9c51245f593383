#include "base/crc32c.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/endian.h"
#include "datawal/frame.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

#if defined(DATAWAL_HAVE_ISAL)
#include <isa-l/crc.h>
#endif

namespace datawal {
namespace {

constexpr std::uint32_t kPolynomialReflected = 0x82F63B78;
constexpr std::size_t kSliceCount = 8;
using SliceTable = std::array<std::array<std::uint32_t, 256>, kSliceCount>;

constexpr SliceTable make_slice_table() {
  SliceTable table{};
  for (std::uint32_t value = 0; value < 256; ++value) {
    std::uint32_t crc = value;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kPolynomialReflected : 0);
    table[0][value] = crc;
  }
  for (std::size_t slice = 1; slice < kSliceCount; ++slice) {
    for (std::size_t value = 0; value < 256; ++value) {
      const std::uint32_t previous = table[slice - 1][value];
      table[slice][value] = (previous >> 8) ^ table[0][previous & 0xFFU];
    }
  }
  return table;
}

constexpr SliceTable kSlices = make_slice_table();

std::uint32_t extend_portable(std::uint32_t crc, const std::byte* data, std::size_t size) noexcept {
  std::uint32_t state = ~crc;
  for (; size >= 8; data += 8, size -= 8) {
    const std::uint64_t word = load_le<std::uint64_t>(data) ^ state;
    state = 0;
    for (std::size_t index = 0; index < 8; ++index) {
      state ^= kSlices[7 - index][(word >> (8 * index)) & 0xFFU];
    }
  }
  for (; size > 0; ++data, --size) {
    state = (state >> 8) ^ kSlices[0][(state ^ std::to_integer<std::uint32_t>(*data)) & 0xFFU];
  }
  return ~state;
}

using Extend = std::uint32_t (*)(std::uint32_t, const std::byte*, std::size_t) noexcept;

template <Extend kExtend>
FourCrcs one_after_the_other(const FourBlocks& blocks) noexcept {
  FourCrcs crcs;
  std::ranges::transform(blocks, crcs.begin(),
                         [](ByteView block) { return kExtend(0, block.data(), block.size()); });
  return crcs;
}

#if defined(__x86_64__)

// Takes the bytes that are left, one word after the other.
__attribute__((target("sse4.2"), always_inline)) inline std::uint32_t finish_sse42(
    std::uint64_t state, const std::byte* data, std::size_t size) noexcept {
#pragma GCC unroll 4
  for (; size >= 8; data += 8, size -= 8)
    state = _mm_crc32_u64(state, load_le<std::uint64_t>(data));
  auto tail = static_cast<std::uint32_t>(state);
  if ((size & 4U) != 0) {
    tail = _mm_crc32_u32(tail, load_le<std::uint32_t>(data));
    data += 4;
  }
  if ((size & 2U) != 0) {
    tail = _mm_crc32_u16(tail, load_le<std::uint16_t>(data));
    data += 2;
  }
  if ((size & 1U) != 0) tail = _mm_crc32_u8(tail, std::to_integer<std::uint8_t>(*data));
  return ~tail;
}

// The remainder of x^n, as a state of the checksum stands for it: the highest bit is x^0.
constexpr std::uint32_t power_of_x(std::size_t n) {
  std::uint32_t power = std::uint32_t{1} << 31;
  for (; n > 0; --n) power = (power >> 1) ^ ((power & 1U) != 0 ? kPolynomialReflected : 0);
  return power;
}

constexpr std::size_t kThirdWordsMax = 21;

// By how many words a state is moved ahead when it is multiplied by one of these and the product
// taken through the instruction, which multiplies by x^33.
constexpr auto kMoves = [] {
  std::array<std::uint32_t, 2 * kThirdWordsMax + 1> moves{};
  for (std::size_t words = 1; words < moves.size(); ++words)
    moves[words] = power_of_x(64 * words - 33);
  return moves;
}();

// The instruction takes three cycles, but another one meanwhile: so by thirds, which are then moved
// to where they belong.
__attribute__((target("sse4.2,pclmul"))) std::uint32_t extend_by_thirds(std::uint32_t crc,
                                                                        const std::byte* data,
                                                                        std::size_t size) noexcept {
  constexpr std::size_t kWorthIt = 72;  // bytes
  std::uint64_t state = ~crc;
  while (size >= kWorthIt) {
    const std::size_t words = std::min(size / 24, kThirdWordsMax);
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const std::byte* const end = data + 8 * words; data != end; data += 8) {
      state = _mm_crc32_u64(state, load_le<std::uint64_t>(data));
      second = _mm_crc32_u64(second, load_le<std::uint64_t>(data + 8 * words));
      third = _mm_crc32_u64(third, load_le<std::uint64_t>(data + 16 * words));
    }
    const auto moved = [](std::uint64_t part,
                          std::size_t by) __attribute__((target("sse4.2,pclmul"), always_inline)) {
      return _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<std::int64_t>(part)),
                                  _mm_cvtsi64_si128(kMoves[by]), 0);
    };
    const __m128i both = _mm_xor_si128(moved(state, 2 * words), moved(second, words));
    state = _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(both))) ^ third;
    data += 16 * words;
    size -= 24 * words;
  }
  return finish_sse42(state, data, size);
}

// By turns, as far as the shortest goes.
__attribute__((target("sse4.2"))) FourCrcs four_sse42(const FourBlocks& blocks) noexcept {
  const auto& [a, b, c, d] = blocks;
  const std::size_t common =
      std::min(std::min(a.size(), b.size()), std::min(c.size(), d.size())) / 8 * 8;
  std::uint64_t state_a = ~std::uint32_t{0};
  std::uint64_t state_b = state_a;
  std::uint64_t state_c = state_a;
  std::uint64_t state_d = state_a;
  for (std::size_t at = 0; at < common; at += 8) {
    state_a = _mm_crc32_u64(state_a, load_le<std::uint64_t>(a.data() + at));
    state_b = _mm_crc32_u64(state_b, load_le<std::uint64_t>(b.data() + at));
    state_c = _mm_crc32_u64(state_c, load_le<std::uint64_t>(c.data() + at));
    state_d = _mm_crc32_u64(state_d, load_le<std::uint64_t>(d.data() + at));
  }
  const auto rest = [common](ByteView block) { return block.subspan(common); };
  return {finish_sse42(state_a, rest(a).data(), rest(a).size()),
          finish_sse42(state_b, rest(b).data(), rest(b).size()),
          finish_sse42(state_c, rest(c).data(), rest(c).size()),
          finish_sse42(state_d, rest(d).data(), rest(d).size())};
}

bool has_short_instruction() {
  return __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
}
constexpr Crc32cImplementation kShort{"sse4.2", extend_by_thirds, four_sse42};

#elif defined(__aarch64__) && defined(__linux__)

__attribute__((target("+crc"))) std::uint32_t extend_armv8(std::uint32_t crc, const std::byte* data,
                                                           std::size_t size) noexcept {
  std::uint32_t state = ~crc;
  for (; size >= 8; data += 8, size -= 8) state = __crc32cd(state, load_le<std::uint64_t>(data));
  for (; size > 0; ++data, --size) state = __crc32cb(state, std::to_integer<std::uint8_t>(*data));
  return ~state;
}

bool has_short_instruction() {
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}
constexpr Crc32cImplementation kShort{"armv8-crc", extend_armv8, one_after_the_other<extend_armv8>};

#else

bool has_short_instruction() {
  return false;
}
constexpr Crc32cImplementation kShort{"portable", extend_portable,
                                      one_after_the_other<extend_portable>};

#endif

#if defined(DATAWAL_HAVE_ISAL)

// ISA-L may leave the upper halves of the vector registers dirty, after which every SSE instruction
// of the caller pays for merging them: hundreds of nanoseconds a call.
#if defined(__x86_64__)
__attribute__((target("avx"))) void clear_upper_vector_halves() noexcept {
  _mm256_zeroupper();
}
bool has_upper_vector_halves() {
  return __builtin_cpu_supports("avx") != 0;
}
#else
void clear_upper_vector_halves() noexcept {}
bool has_upper_vector_halves() {
  return false;
}
#endif

std::uint32_t extend_isal(std::uint32_t crc, const std::byte* data, std::size_t size) noexcept {
  constexpr std::size_t kStepSizeMax = std::size_t{1} << 30;  // the length parameter is an int
  static const bool clear = has_upper_vector_halves();
  while (size > 0) {
    const std::size_t step = size < kStepSizeMax ? size : kStepSizeMax;
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(data));  // it only reads
    crc = ~crc32_iscsi(bytes, static_cast<int>(step), ~crc);
    data += step;
    size -= step;
  }
  if (clear) clear_upper_vector_halves();
  return crc;
}

// Below this many bytes the instruction is faster than ISA-L's set-up.
constexpr std::size_t kIsalSizeMin = 512;

std::uint32_t extend_by_size(std::uint32_t crc, const std::byte* data, std::size_t size) noexcept {
  return size < kIsalSizeMin ? kShort.extend(crc, data, size) : extend_isal(crc, data, size);
}

FourCrcs four_by_size(const FourBlocks& blocks) noexcept {
  const bool is_short =
      std::ranges::all_of(blocks, [](ByteView block) { return block.size() < kIsalSizeMin; });
  return is_short ? kShort.four(blocks) : one_after_the_other<extend_by_size>(blocks);
}

#endif

}  // namespace

std::vector<Crc32cImplementation> crc32c_implementations() {
  std::vector<Crc32cImplementation> found = {
      {"portable", extend_portable, one_after_the_other<extend_portable>}};
  if (!has_short_instruction()) return found;
  found.push_back(kShort);
#if defined(DATAWAL_HAVE_ISAL)
  found.push_back({"isa-l", extend_isal, one_after_the_other<extend_isal>});
  found.push_back({"by size", extend_by_size, four_by_size});
#endif
  return found;
}

namespace {

std::uint32_t choose_and_extend(std::uint32_t crc, const std::byte* data,
                                std::size_t size) noexcept;

// Without a guard, which every call of a static variable of a function looks at.
constinit std::atomic<Extend> chosen_extend = choose_and_extend;

std::uint32_t choose_and_extend(std::uint32_t crc, const std::byte* data,
                                std::size_t size) noexcept {
  const Extend extend = crc32c_implementations().back().extend;
  chosen_extend.store(extend, std::memory_order_relaxed);
  return extend(crc, data, size);
}

}  // namespace

std::uint32_t crc32c(ByteView bytes, std::uint32_t crc) noexcept {
  return chosen_extend.load(std::memory_order_relaxed)(crc, bytes.data(), bytes.size());
}

FourCrcs crc32c_four(const FourBlocks& blocks) noexcept {
  static const auto four = crc32c_implementations().back().four;
  return four(blocks);
}

}  // namespace datawal
