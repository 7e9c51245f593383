// Any bytes as the hint of a segment: what is believed of it lies in the segment, a log that is
// read with it is read without a fault, to its end, and if not as it is without it, verify says so.
// Input: a byte of flags, the fields of the
// header behind the magic, the blocks. Flags: bit 0 that the header and its checksum are as they
// are; bit 1 that the checksums of the blocks are; bit 2 that the fields are, otherwise they
// describe the segment.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/endian.h"
#include "datawal/datawal.h"
#include "file/simulated_filesystem.h"
#include "format/names.h"
#include "format/segment_hint.h"
#include "log/log_scan.h"

namespace datawal {
namespace {

constexpr unsigned kRawHeader = 1;
constexpr unsigned kRawBlocks = 2;
constexpr unsigned kRawFields = 4;
constexpr std::string_view kStore = "store";
constexpr SegmentId kSegment{1};

std::unique_ptr<SimulatedFilesystem> make_store() {
  auto filesystem = std::make_unique<SimulatedFilesystem>();
  auto log = RecordLog::open(kStore, {.filesystem = filesystem.get()});
  if (!log) std::abort();
  for (int number = 0; number < 8; ++number) {
    const std::string key = "key " + std::to_string(number % 3);
    if (!log->append_record(RecordType::kPut, as_bytes(key), as_bytes("value"))) std::abort();
  }
  if (!log->rotate() || !log->append(as_bytes("last")) || !log->close()) std::abort();
  return filesystem;
}

HintHeader header_of(const File& segment) {
  const auto identity = segment.identity();
  Bytes bytes(identity->size);
  if (!segment.read_at(0, bytes)) std::abort();
  const auto first = std::get<DecodedFrame>(decode_frame(bytes));
  return {.segment = kSegment,
          .segment_size = identity->size,
          .inode = identity->inode,
          .modified_ns = identity->modified_ns,
          .first_frame_size = static_cast<std::uint32_t>(first.size),
          .first_frame_crc = first.crc,
          .last_frame_crc = load_le<std::uint32_t>(bytes.data() + bytes.size() - 4)};
}

// The blocks in `input`, with their sizes as they are as far as bytes go, and right checksums.
Bytes corrected(ByteView input, std::uint32_t crc) {
  Bytes hint;
  while (input.size() >= kHintBlockHeaderSize) {
    const auto wanted = load_le<std::uint32_t>(input.data());
    const auto frame_count = load_le<std::uint32_t>(input.data() + 4);
    input = input.subspan(kHintBlockHeaderSize);
    const ByteView outlines = input.first(std::min<std::size_t>(wanted, input.size()));
    input = input.subspan(outlines.size());
    const Bytes block =
        encode_hint_block({frame_count, Bytes(outlines.begin(), outlines.end())}, crc);
    hint.insert(hint.end(), block.begin(), block.end());
  }
  return hint;
}

Bytes hint_of(ByteView input, const File& segment) {
  const unsigned flags = input.empty() ? 0 : std::to_integer<unsigned>(input.front());
  input = input.subspan(std::min<std::size_t>(1, input.size()));
  auto header = encode_hint_header(header_of(segment));
  constexpr std::size_t kMagicSize = 8;
  const ByteView fields = input.first(std::min(input.size(), header.size() - kMagicSize));
  input = input.subspan(fields.size());
  if ((flags & kRawFields) != 0) std::ranges::copy(fields, header.begin() + kMagicSize);
  if ((flags & kRawHeader) == 0) {
    store_le(header.data() + header.size() - kHintCrcSize, hint_crc(header));
  }
  Bytes hint(header.begin(), header.end());
  const Bytes blocks = (flags & kRawBlocks) != 0 ? Bytes(input.begin(), input.end())
                                                 : corrected(input, hint_crc(header));
  hint.insert(hint.end(), blocks.begin(), blocks.end());
  return hint;
}

// What an index is built from.
std::string read_log(SimulatedFilesystem& filesystem) {
  std::string all;
  auto directory = filesystem.open_directory(kStore);
  auto view = load_log_view(*std::move(directory), filesystem, DamagePolicy::kRefuse);
  if (!view) std::abort();
  LogScan scan(*std::move(view), DamagePolicy::kRefuse, {});
  scan.read_ahead({.uses_hints = true});
  while (true) {
    const auto record = scan.next();
    if (!record) std::abort();
    if (!*record) break;
    all += std::to_string(static_cast<int>((*record)->type)) + ' ' +
           std::to_string((*record)->txid) + ' ' + std::to_string((*record)->ref.offset) + ' ' +
           std::string(as_text((*record)->key)) + '\n';
  }
  for (const SegmentFacts& facts : scan.facts().segments) {
    const auto size = filesystem.read_file("store/" + segment_name(facts.id))->size();
    if (facts.size != size) std::abort();
  }
  return all;
}

bool has_lying_hint(SimulatedFilesystem& filesystem) {
  const auto report = verify(kStore, {.filesystem = &filesystem});
  if (!report) std::abort();
  return !report->is_sound();
}

}  // namespace
}  // namespace datawal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace datawal;
  static const std::unique_ptr<SimulatedFilesystem> store = make_store();
  const std::unique_ptr<SimulatedFilesystem> filesystem = store->clone();
  const auto directory = filesystem->open_directory(kStore);
  const auto segment = (*directory)->open(segment_name(kSegment), OpenMode::kRead);
  if (!segment) std::abort();
  const Bytes hint = hint_of(std::as_bytes(std::span(data, size)), **segment);
  filesystem->write_file("store/" + hint_name(kSegment), hint);
  static const std::string honest = read_log(*store->clone());
  if (read_log(*filesystem) != honest && !has_lying_hint(*filesystem)) std::abort();
  return 0;
}
