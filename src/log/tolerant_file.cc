#include "log/tolerant_file.h"

#include <algorithm>
#include <iterator>

#include "base/try.h"

namespace datawal {
namespace {

std::unexpected<Error> only_read() {
  return std::unexpected(
      Error{.code = ErrorCode::kReadOnly, .message = "a file that is being salvaged is only read"});
}

}  // namespace

Result<std::size_t> TolerantFile::read_at(std::uint64_t offset, MutableByteView buffer) const {
  if (!failure_in(offset, offset + buffer.size())) {
    const Result<std::size_t> count = file_->read_at(offset, buffer);
    if (count) return count;
  }
  std::size_t done = 0;
  while (done < buffer.size()) {
    const std::uint64_t at = offset + done;
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer.size() - done, kBlockSize - at % kBlockSize));
    DATAWAL_TRY_ASSIGN(const std::size_t count, read_block(at, buffer.subspan(done, size)));
    done += count;
    if (count < size) break;
  }
  return done;
}

Result<std::size_t> TolerantFile::read_block(std::uint64_t offset, MutableByteView buffer) const {
  if (!failure_in(offset, offset + 1)) {
    const Result<std::size_t> count = file_->read_at(offset, buffer);
    if (count) return count;
    note(offset - offset % kBlockSize, count.error());
  }
  DATAWAL_TRY_ASSIGN(const std::uint64_t file_size, file_->size());
  const auto count = static_cast<std::size_t>(
      std::min<std::uint64_t>(file_size - std::min(file_size, offset), buffer.size()));
  std::ranges::fill(buffer.first(count), std::byte{0});
  return count;
}

void TolerantFile::note(std::uint64_t begin, const Error& error) const {
  const auto next = unreadable_.upper_bound(begin);
  if (next != unreadable_.begin()) {
    Unreadable& before = std::prev(next)->second;
    if (before.end >= begin) {
      before.end = std::max(before.end, begin + kBlockSize);
      return;
    }
  }
  unreadable_.emplace(begin, Unreadable{begin + kBlockSize, error});
}

std::optional<Error> TolerantFile::failure_in(std::uint64_t begin, std::uint64_t end) const {
  const auto next = unreadable_.lower_bound(begin);
  if (next != unreadable_.begin()) {
    const Unreadable& before = std::prev(next)->second;
    if (before.end > begin) return before.error;
  }
  if (next != unreadable_.end() && next->first < end) return next->second.error;
  return {};
}

Status TolerantFile::write_at(std::uint64_t, ByteView) {
  return only_read();
}
Status TolerantFile::truncate(std::uint64_t) {
  return only_read();
}
Status TolerantFile::sync() {
  return only_read();
}

}  // namespace datawal
