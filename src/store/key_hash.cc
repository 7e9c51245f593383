#include "store/key_hash.h"

namespace datawal {
namespace {

// The `index`-th 128 bits that follow from the secret.
SipHash128 drawn(const SipHashKey& secret, std::uint8_t index) {
  const std::array bytes{std::byte{index}};
  return siphash128<2, 4>(secret, bytes);
}

}  // namespace

KeyHashFunction::KeyHashFunction(const SipHashKey& secret) noexcept {
  std::uint8_t index = 0;
  const auto draw_wide = [&]() -> Wide {
    const SipHash128 bits = drawn(secret, index++);
    return Wide{bits.high} << 64 | bits.low;
  };
  offset_ = draw_wide();
  for (Wide& multiplier : multipliers_) multiplier = draw_wide();
  const SipHash128 bits = drawn(secret, index);
  store_le(long_key_secret_.data(), bits.low);
  store_le(long_key_secret_.data() + 8, bits.high);
}

KeyHash KeyHashFunction::hash_of_long(ByteView key) const noexcept {
  const SipHash128 digest = siphash128<1, 3>(long_key_secret_, key);
  return mixed(offset_ + multiplier(0) * key.size() + multiplier(1) * digest.low +
               multiplier(2) * digest.high);
}

}  // namespace datawal
