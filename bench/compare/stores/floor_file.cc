#include "compare/stores/floor_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "datawal/frame.h"

namespace datawal::bench {
namespace {

constexpr std::uint32_t kRemoval = UINT32_MAX;

struct Header {
  std::uint32_t magic;
  std::uint32_t value_size;  // kRemoval: the frame removes its key
  std::uint64_t key_size;
  std::uint64_t offset;
};
static_assert(sizeof(Header) == kFrameHeaderSize);

constexpr std::uint32_t kMagic = 0x524f4c46;

void check(bool succeeded, std::string_view what) {
  if (!succeeded) fail("floor", what);
}

// Writes a frame to `target` and gives its end.
std::byte* encode(std::byte* target, const Header& header, ByteView key, ByteView value) {
  std::byte* const begin = target;
  std::memcpy(target, &header, sizeof(header));
  target += sizeof(header);
  target = std::copy(key.begin(), key.end(), target);
  if (!value.empty()) std::memcpy(target, value.data(), value.size());
  target += value.size();
  const std::uint32_t crc = crc32c({begin, static_cast<std::size_t>(target - begin)});
  std::memcpy(target, &crc, sizeof(crc));
  return target + sizeof(crc);
}

}  // namespace

FloorFile::FloorFile(const std::filesystem::path& path, std::uint64_t capacity) {
  descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  check(descriptor_ >= 0, "cannot open the file");
  struct stat facts{};
  check(fstat(descriptor_, &facts) == 0, "cannot look at the file");
  capacity_ = std::max(capacity, static_cast<std::uint64_t>(facts.st_size));
  check(posix_fallocate(descriptor_, 0, static_cast<off_t>(capacity_)) == 0, "cannot reserve");
  void* mapped = mmap(nullptr, capacity_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  check(mapped != MAP_FAILED, "cannot map");
  data_ = static_cast<std::byte*>(mapped);
}

FloorFile::~FloorFile() {
  munmap(data_, capacity_);
  close(descriptor_);
}

std::uint64_t FloorFile::frame_size(std::size_t key_size, std::size_t value_size) {
  return kFrameSizeMin + key_size + value_size;
}

std::uint64_t FloorFile::reserve(std::uint64_t size) {
  const std::uint64_t offset = end_.fetch_add(size, std::memory_order_relaxed);
  check(offset + size <= capacity_, "more was written than was announced");
  return offset;
}

std::uint64_t FloorFile::append(ByteView key, ByteView value, bool is_removal) {
  const std::uint64_t offset = reserve(frame_size(key.size(), value.size()));
  const auto value_size = is_removal ? kRemoval : static_cast<std::uint32_t>(value.size());
  encode(data_ + offset, {kMagic, value_size, key.size(), offset}, key, value);
  return offset;
}

std::uint64_t FloorFile::append_durably(std::span<const Entry> entries) {
  std::uint64_t size = 0;
  for (const Entry& entry : entries) size += frame_size(entry.key.size(), entry.value.size());
  std::vector<std::byte> frames(size);
  const std::uint64_t offset = reserve(size);
  std::byte* target = frames.data();
  for (const Entry& entry : entries) {
    const std::uint64_t at = offset + static_cast<std::uint64_t>(target - frames.data());
    const auto value_size = static_cast<std::uint32_t>(entry.value.size());
    target = encode(target, {kMagic, value_size, entry.key.size(), at}, entry.key, entry.value);
  }
  const ssize_t written = pwrite(descriptor_, frames.data(), size, static_cast<off_t>(offset));
  check(written == static_cast<ssize_t>(size), "cannot write");
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(syncing_mutex_);
    number = ++written_count_;
  }
  sync_up_to(number);
  return offset;
}

void FloorFile::sync_up_to(std::uint64_t write_number) {
  std::unique_lock lock(syncing_mutex_);
  while (synced_count_ < write_number) {
    if (is_syncing_) {
      synced_.wait(lock);
      continue;
    }
    is_syncing_ = true;
    const std::uint64_t covered = written_count_;
    lock.unlock();
    check(fdatasync(descriptor_) == 0, "cannot sync");
    lock.lock();
    is_syncing_ = false;
    synced_count_ = covered;
    synced_.notify_all();
  }
}

std::optional<FloorFile::Frame> FloorFile::frame_at(std::uint64_t offset) const {
  if (offset + kFrameSizeMin > capacity_) return std::nullopt;
  const std::byte* begin = data_ + offset;
  Header header{};
  std::memcpy(&header, begin, sizeof(header));
  if (header.magic != kMagic) return std::nullopt;
  const bool is_removal = header.value_size == kRemoval;
  const std::size_t value_size = is_removal ? 0 : header.value_size;
  const std::size_t checked_size = sizeof(header) + header.key_size + value_size;
  std::uint32_t crc = 0;
  std::memcpy(&crc, begin + checked_size, sizeof(crc));
  check(crc32c({begin, checked_size}) == crc, "a frame is damaged");
  const ByteView key = {begin + sizeof(header), header.key_size};
  return Frame{key, {key.data() + key.size(), value_size}, is_removal, checked_size + sizeof(crc)};
}

void FloorFile::copy_to(const std::filesystem::path& path,
                        const std::function<bool(std::uint64_t offset)>& is_wanted) const {
  constexpr std::size_t kBufferSize = 1 << 20;
  const int target = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  check(target >= 0, "cannot make a file");
  check(posix_fallocate(target, 0, static_cast<off_t>(end())) == 0, "cannot reserve");
  std::vector<std::byte> buffer;
  buffer.reserve(kBufferSize);
  off_t written = 0;
  const auto flush = [&] {
    const ssize_t count = pwrite(target, buffer.data(), buffer.size(), written);
    check(count == static_cast<ssize_t>(buffer.size()), "cannot write");
    written += count;
    buffer.clear();
  };
  for (std::uint64_t offset = 0; offset < end();) {
    Header header{};
    std::memcpy(&header, data_ + offset, sizeof(header));
    const std::size_t value_size = header.value_size == kRemoval ? 0 : header.value_size;
    const std::uint64_t size = frame_size(header.key_size, value_size);
    if (is_wanted(offset)) {
      if (!buffer.empty() && buffer.size() + size > kBufferSize) flush();
      buffer.insert(buffer.end(), data_ + offset, data_ + offset + size);
    }
    offset += size;
  }
  flush();
  check(ftruncate(target, written) == 0 && fdatasync(target) == 0, "cannot sync");
  close(target);
}

}  // namespace datawal::bench
