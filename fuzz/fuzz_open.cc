// Any bytes as a segment, with any bytes as its watermark: whatever looks at such a store does so
// without a fault, and what opening it accepts is there again, unchanged, when it is opened the
// next time. Input: a byte with the watermark's size and, in its highest bit, whether the watermark
// is of the machine's present boot; the watermark; the segment.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "datawal/datawal.h"
#include "file/simulated_filesystem.h"

namespace datawal {
namespace {

constexpr unsigned kSameBoot = 0x80;
constexpr std::size_t kBootIdOffset = 56;  // in a watermark

void write_file(SimulatedFilesystem& filesystem, std::string_view name, ByteView bytes) {
  auto directory = filesystem.create_directory("store");
  auto file = (*directory)->open(name, OpenMode::kCreateExclusive);
  if (!file || !(*file)->write_at(0, bytes)) std::abort();
}

Bytes read_all(RecordCursor cursor) {
  Bytes all;
  while (true) {
    const auto record = cursor.next();
    if (!record) std::abort();
    if (!*record) return all;
    all.insert(all.end(), (*record)->key.begin(), (*record)->key.end());
    all.insert(all.end(), (*record)->payload.begin(), (*record)->payload.end());
  }
}

void look_without_opening(const Options& options) {
  if (!verify("store", options)) std::abort();
  (void)salvage("store", "salvaged", options);  // its errors are of no interest here
  (void)repair("store", Apply::kNo, options);
  if (const auto store = DataWal::open_read_only("store", options)) {
    (void)store->for_each([](const Item&) { return true; });
  }
}

void open_twice(const Options& options) {
  Bytes first;
  {
    auto log = RecordLog::open("store", options);
    if (!log) return;
    first = read_all(log->scan());
  }
  const auto log = RecordLog::open("store", options);
  if (!log || read_all(log->scan()) != first) std::abort();
}

}  // namespace
}  // namespace datawal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const datawal::ByteView bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const std::size_t watermark_size = data[0] & ~datawal::kSameBoot;
  const auto watermark = bytes.first(std::min(watermark_size, bytes.size()));
  datawal::SimulatedFilesystem filesystem;
  std::array<std::byte, 16> boot_id{};
  if ((data[0] & datawal::kSameBoot) != 0 &&
      watermark.size() >= datawal::kBootIdOffset + boot_id.size()) {
    std::ranges::copy(watermark.subspan(datawal::kBootIdOffset, boot_id.size()), boot_id.begin());
    filesystem.set_boot_id(boot_id);
  }
  datawal::write_file(filesystem, "00000001.dwal", bytes.subspan(watermark.size()));
  if (!watermark.empty()) datawal::write_file(filesystem, "watermark", watermark);
  const datawal::Options options{.filesystem = &filesystem};
  datawal::look_without_opening(options);
  datawal::open_twice(options);
  return 0;
}
