#include "store/index_checkpoint.h"

#include <memory>

#include "base/try.h"
#include "format/names.h"

namespace datawal {
namespace {

Status write_staged(Directory& directory, File& file, const IndexImageSource& source) {
  DATAWAL_TRY(write_index_image(file, source));
  DATAWAL_TRY(file.sync());
  return directory.rename(kCheckpointStagingName, kCheckpointName, Replace::kYes);
}

}  // namespace

Status write_index_checkpoint(Directory& directory, const IndexImageSource& source) {
  // Of a writer that was killed. If it cannot be removed, making it anew says why.
  (void)directory.remove(kCheckpointStagingName);
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     directory.open(kCheckpointStagingName, OpenMode::kCreateExclusive));
  Status status = write_staged(directory, *file, source);
  if (!status) {
    (void)directory.remove(kCheckpointStagingName);  // if it stays, the next one removes it
  }
  return status;
}

std::expected<LoadedIndex, UnusableImage> load_index_checkpoint(const Directory& directory,
                                                                std::uint64_t size_max) {
  auto file = directory.open(kCheckpointName, OpenMode::kRead);
  if (!file) {
    const bool is_absent = file.error().code == ErrorCode::kNotFound;
    return std::unexpected(
        UnusableImage{is_absent ? "there is no checkpoint"
                                : "the checkpoint cannot be opened: " + file.error().to_string()});
  }
  const Result<std::uint64_t> size = (*file)->size_at_open();
  if (!size || *size > size_max) {
    return std::unexpected(
        UnusableImage{"the checkpoint is larger than that of any index of this log"});
  }
  return read_index_image_lazily(*std::move(file));
}

}  // namespace datawal
