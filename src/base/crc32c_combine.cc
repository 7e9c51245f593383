#include "base/crc32c_combine.h"

#include <array>
#include <cstddef>

namespace datawal {
namespace {

// A CRC is a polynomial over GF(2) modulo P. Its bits are reflected: the highest is the coefficient
// of x^0.
constexpr std::uint32_t kPolynomialReflected = 0x82F63B78;
constexpr std::uint32_t kOne = 0x80000000;
constexpr std::uint32_t kXToThe8 = kOne >> 8;

constexpr std::uint32_t times_x(std::uint32_t value) {
  return (value >> 1) ^ ((value & 1U) != 0 ? kPolynomialReflected : 0U);
}

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    if ((a & kOne) != 0) product ^= b;
    b = times_x(b);
  }
  return product;
}

// power[i][j] is x^(8 * j * 256^i): what j zero bytes, as digit i of a size in base 256, multiply a
// CRC by.
constexpr std::size_t kDigitCount = 8;
using PowerTable = std::array<std::array<std::uint32_t, 256>, kDigitCount>;

constexpr PowerTable make_power_table() {
  PowerTable power{};
  std::uint32_t step = kXToThe8;
  for (auto& digit : power) {
    digit[0] = kOne;
    for (std::size_t value = 1; value < digit.size(); ++value) {
      digit[value] = multiply(digit[value - 1], step);
    }
    step = multiply(digit.back(), step);
  }
  return power;
}

constexpr PowerTable kPower = make_power_table();

}  // namespace

std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b,
                             std::uint64_t b_size) noexcept {
  for (std::size_t digit = 0; b_size != 0; ++digit, b_size >>= 8) {
    if ((b_size & 0xFFU) != 0) crc_a = multiply(crc_a, kPower[digit][b_size & 0xFFU]);
  }
  return crc_a ^ crc_b;
}

}  // namespace datawal
