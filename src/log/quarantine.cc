#include "log/quarantine.h"

#include <algorithm>
#include <memory>

#include "base/bytes_equal.h"
#include "base/try.h"
#include "format/names.h"
#include "segment/zero_scan.h"

namespace datawal {
namespace {

constexpr std::size_t kStepSize = std::size_t{256} << 10;

// The bytes to be set aside, read in steps.
struct Source {
  const File& file;
  std::uint64_t offset;
  std::uint64_t size;
  std::unique_ptr<std::byte[]> buffer = std::make_unique_for_overwrite<std::byte[]>(kStepSize);

  [[nodiscard]] Result<ByteView> read(std::uint64_t at) const {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size - at, kStepSize));
    DATAWAL_TRY_ASSIGN(const std::size_t count, file.read_at(offset + at, {buffer.get(), wanted}));
    if (count == wanted) return ByteView(buffer.get(), wanted);
    return std::unexpected(
        Error{.code = ErrorCode::kShortRead,
              .message = "the damaged tail became shorter while it was copied to quarantine; see "
                         "what else writes to this store",
              .offset = offset + at + count});
  }
};

// The zeros at the end, which may be megabytes of reserved space, become a hole in the target.
Status copy(const Source& source, File& target) {
  DATAWAL_TRY_ASSIGN(const DataEnd data_end,
                     find_data_end(source.file, source.offset, source.offset + source.size));
  const std::uint64_t data_size = data_end.offset - source.offset;
  for (std::uint64_t at = 0; at < data_size; at += kStepSize) {
    DATAWAL_TRY_ASSIGN(const ByteView bytes, source.read(at));
    DATAWAL_TRY(target.write_at(at, bytes.first(static_cast<std::size_t>(
                                        std::min<std::uint64_t>(bytes.size(), data_size - at)))));
  }
  return target.truncate(source.size);
}

// Whether `target` holds the source's bytes, or the first of them.
Result<bool> is_copy_begun(const Source& source, const File& target, std::uint64_t target_size) {
  if (target_size > source.size) return false;
  Bytes found(std::min<std::uint64_t>(target_size, kStepSize));
  for (std::uint64_t at = 0; at < target_size; at += kStepSize) {
    DATAWAL_TRY_ASSIGN(const ByteView bytes, source.read(at));
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(target_size - at, bytes.size()));
    DATAWAL_TRY_ASSIGN(const std::size_t count,
                       target.read_at(at, MutableByteView(found).first(wanted)));
    if (count != wanted || !bytes_equal(ByteView(found).first(wanted), bytes.first(wanted))) {
      return false;
    }
  }
  return true;
}

// Brings the bytes into the file `name`; false if that name belongs to something else.
Result<bool> copy_into(Directory& directory, const std::string& name, const Source& source) {
  auto file = directory.open(name, OpenMode::kCreateExclusive);
  if (!file && file.error().code == ErrorCode::kAlreadyExists) {
    file = directory.open(name, OpenMode::kReadWrite);
    if (!file && file.error().code == ErrorCode::kNotRegularFile) return false;
    if (!file) return std::unexpected(file.error());
    DATAWAL_TRY_ASSIGN(const std::uint64_t present, (*file)->size());
    DATAWAL_TRY_ASSIGN(const bool ours, is_copy_begun(source, **file, present));
    if (!ours) return false;
  }
  if (!file) return std::unexpected(file.error());
  // All of it, also where some is there: if a sync of that has failed, it is on no disk, and no
  // later sync would write it.
  DATAWAL_TRY(copy(source, **file));
  DATAWAL_TRY((*file)->sync());
  return true;
}

}  // namespace

Result<std::string> quarantine_tail(Directory& directory, const File& segment_file, Position from) {
  DATAWAL_TRY_ASSIGN(const std::uint64_t end, segment_file.size());
  const Source source{segment_file, from.offset, end - std::min(end, from.offset)};
  for (unsigned number = 1;; ++number) {
    std::string name = quarantine_name(from.segment, from.offset, number);
    DATAWAL_TRY_ASSIGN(const bool done, copy_into(directory, name, source));
    if (!done) continue;
    DATAWAL_TRY(directory.sync());
    return name;
  }
}

}  // namespace datawal
