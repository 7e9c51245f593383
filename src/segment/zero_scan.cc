#include "segment/zero_scan.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/try.h"

namespace datawal {
namespace {

constexpr std::size_t kForwardStep = std::size_t{256} << 10;
constexpr std::size_t kBackwardStep = std::size_t{64} << 10;

// All of `bytes` are zero if the first is, and each equals the one before it.
bool is_zero(ByteView bytes) {
  return bytes.empty() || (bytes.front() == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// The size of `bytes` without the zeros at their end.
std::size_t size_of_data(ByteView bytes) {
  if (is_zero(bytes)) return 0;
  std::size_t size = bytes.size();
  while (bytes[size - 1] == std::byte{0}) --size;
  return size;
}

}  // namespace

Result<bool> is_zero_filled(const File& file, std::uint64_t begin, std::uint64_t end) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kForwardStep);
  while (begin < end) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, kForwardStep));
    DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(begin, {buffer.get(), wanted}));
    if (count == 0) return true;
    if (!is_zero({buffer.get(), count})) return false;
    begin += count;
  }
  return true;
}

Result<DataEnd> find_data_end(const File& file, std::uint64_t begin, std::uint64_t end) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kBackwardStep);
  DataEnd result{.offset = begin};
  while (end > begin) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, kBackwardStep));
    end -= size;
    DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(end, {buffer.get(), size}));
    result.bytes_read += count;
    const std::size_t found = size_of_data({buffer.get(), count});
    if (found == 0) continue;
    result.offset = end + found;
    break;
  }
  return result;
}

}  // namespace datawal
