// A small number for each living thread, to spread over it what threads count for themselves.
//
// A counter in the slot of a thread that owns it is written by nobody else: a load and a store,
// which other processors do not wait for and which cost a quarter of an atomic addition.
//
// Thread safety: any thread may call anything.
#pragma once

#include <cstddef>
#include <cstdint>

namespace datawal {

class ThreadSlot {
 public:
  static constexpr std::size_t kCount = 64;
  // The slot of all threads for which no other was left.
  static constexpr std::size_t kShared = kCount - 1;

  // The calling thread's. Unless it is kShared, it belongs to this thread alone until that ends;
  // the next to get it sees all that was done before.
  [[nodiscard]] static std::size_t current() noexcept {
    const std::uint32_t slot = own_slot;
    return slot != kNone ? slot : take();
  }

 private:
  class Tenancy;
  static constexpr std::uint32_t kNone = 0xffffffff;

  [[nodiscard]] static std::size_t take() noexcept;

  // Initial-exec: without it a shared library would have to call a function for each look.
  [[gnu::tls_model("initial-exec")]] static inline constinit thread_local std::uint32_t own_slot =
      kNone;
};

}  // namespace datawal
