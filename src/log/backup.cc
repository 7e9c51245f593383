#include "datawal/backup.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/try.h"
#include "file/staging.h"
#include "format/names.h"
#include "log/log_copy.h"
#include "log/log_view.h"
#include "log/readable_log.h"

namespace datawal {
namespace {

// A backup is read whole into memory to be decoded: 80 bytes a segment.
constexpr std::uint64_t kManifestSizeMax = std::uint64_t{64} << 20;

// The backup that is to be brought up to date.
struct EarlierBackup {
  std::unique_ptr<Directory> directory;
  std::unique_ptr<FileLock> lock;
  BackupManifest manifest;

  // Of the last record; of an empty segment if there is none.
  [[nodiscard]] SegmentContents last() const {
    SegmentContents last;
    for (const BackupSegment& segment : manifest) {
      if (segment.contents.records > 0) last = segment.contents;
    }
    return last;
  }
};

std::unexpected<Error> not_a_backup(const Directory& directory, std::string_view why) {
  return std::unexpected(Error{.code = ErrorCode::kNotEmpty,
                               .message = "the target " + std::string(why) +
                                          ", and is left as it is; name another one, which does "
                                          "not exist yet",
                               .path = directory.path().string()});
}

Result<std::optional<BackupManifest>> read_manifest(const Directory& directory) {
  const auto file = directory.open(kBackupManifestName, OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!file) return std::unexpected(file.error());
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, (*file)->size());
  if (size > kManifestSizeMax) return std::nullopt;
  Bytes bytes(size);
  DATAWAL_TRY_ASSIGN(const std::size_t count, (*file)->read_at(0, bytes));
  return decode_backup_manifest(ByteView(bytes).first(count));
}

Status write_manifest(Directory& directory, const BackupManifest& manifest) {
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                     directory.open(kBackupManifestName, OpenMode::kCreateExclusive));
  DATAWAL_TRY(file->write_at(0, encode_backup_manifest(manifest)));
  return file->sync();
}

bool is_sidecar(std::string_view name) {
  return name == kBackupManifestName || name == kWatermarkName || name == kLockName ||
         name == kCheckpointName || name == kCheckpointStagingName ||
         parse_hint_name(name).has_value();
}

// Everything in the directory will be removed with it: nothing of it may be somebody else's.
Status check_untouched(const EarlierBackup& backup) {
  const Directory& directory = *backup.directory;
  DATAWAL_TRY_ASSIGN(const std::vector<DirectoryEntry> entries, directory.list());
  std::size_t segment_count = 0;
  for (const DirectoryEntry& entry : entries) {
    if (entry.kind == EntryKind::kFile && is_sidecar(entry.name)) continue;
    const std::optional<SegmentId> id = parse_segment_name(entry.name);
    const auto found =
        std::ranges::find(backup.manifest, id.value_or(SegmentId{}), &BackupSegment::id);
    if (!id || entry.kind != EntryKind::kFile || found == backup.manifest.end()) {
      return not_a_backup(directory, "has '" + entry.name + "', which no backup has put there");
    }
    DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> file,
                       directory.open(entry.name, OpenMode::kRead));
    DATAWAL_TRY_ASSIGN(const std::uint64_t size, file->size());
    if (size != found->contents.size) {
      return not_a_backup(directory, "is a backup that has been written to since it was made");
    }
    ++segment_count;
  }
  if (segment_count == backup.manifest.size()) return {};
  return not_a_backup(directory, "is a backup that lacks a segment");
}

// Nullopt where there is nothing yet, or something that is no directory.
Result<std::optional<EarlierBackup>> open_earlier(Filesystem& filesystem,
                                                  const std::filesystem::path& target) {
  DATAWAL_TRY(split_target(target));
  auto directory = filesystem.open_directory(target);
  if (!directory && (directory.error().code == ErrorCode::kNotFound ||
                     directory.error().code == ErrorCode::kInvalidArgument)) {
    return std::nullopt;
  }
  if (!directory) return std::unexpected(std::move(directory).error());
  DATAWAL_TRY_ASSIGN(const std::vector<DirectoryEntry> entries, (*directory)->list());
  if (entries.empty()) return std::nullopt;
  DATAWAL_TRY_ASSIGN(std::optional<BackupManifest> manifest, read_manifest(**directory));
  if (!manifest) return not_a_backup(**directory, "is neither empty nor a backup");
  DATAWAL_TRY_ASSIGN(std::unique_ptr<FileLock> lock, (*directory)->lock(kLockName));
  // Once more: whoever had the lock may have replaced it.
  DATAWAL_TRY_ASSIGN(manifest, read_manifest(**directory));
  if (!manifest) return not_a_backup(**directory, "has been replaced just now");
  EarlierBackup earlier{*std::move(directory), std::move(lock), *std::move(manifest)};
  DATAWAL_TRY(check_untouched(earlier));
  return earlier;
}

// A backup never goes back, and never becomes the backup of another store. Its last record may have
// been dropped by a compaction.
Status check_continues(const LogCopy& copy, const EarlierBackup& earlier, const Directory& source) {
  const SegmentContents last = earlier.last();
  if (last.records == 0) return {};
  DATAWAL_TRY_ASSIGN(const LogCopy::Presence presence,
                     copy.look_for(last.last_txid, last.last_frame_crc));
  const Txid newest = copy.stats().last_txid;
  if (presence == LogCopy::Presence::kPresent) return {};
  if (presence == LogCopy::Presence::kAbsent && newest >= last.last_txid) return {};
  const std::string why = presence == LogCopy::Presence::kAnother
                              ? "it has another record with that txid"
                              : "it ends with txid " + std::to_string(newest);
  return std::unexpected(
      Error{.code = ErrorCode::kNotEmpty,
            .message = "the backup ends with txid " + std::to_string(last.last_txid) +
                       ", and the store does not continue it: " + why +
                       "; this is another store, or an older state of it: name another target",
            .path = source.path().string()});
}

Result<CopyStats> make_backup(const std::shared_ptr<Directory>& source, Filesystem& filesystem,
                              const std::filesystem::path& target) {
  DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create(filesystem, target));
  LogCopy copy(*source, staged.directory(), CopyMode::kCopy);
  DATAWAL_TRY_ASSIGN(TailReport tail, take_readable(copy, source, filesystem));
  DATAWAL_TRY(copy.write_watermark(filesystem));
  DATAWAL_TRY(write_manifest(staged.directory(), copy.manifest()));
  DATAWAL_TRY(staged.publish());
  CopyStats stats = copy.stats();
  stats.tail = std::move(tail);
  return stats;
}

// The new state is built beside the old one, of the same files as far as they have not changed, and
// takes its place at one instant. In the place of the old one, segment after segment, it could not
// be built: with some segments compacted and others not yet there, a store can have a state that it
// never had.
Result<CopyStats> update_backup(EarlierBackup& earlier, const std::shared_ptr<Directory>& source,
                                Filesystem& filesystem, const std::filesystem::path& target) {
  DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create_beside(filesystem, target));
  LogCopy copy(*source, staged.directory(), CopyMode::kCopy);
  copy.reuse(*earlier.directory, earlier.manifest);
  DATAWAL_TRY_ASSIGN(TailReport tail, take_readable(copy, source, filesystem));
  if (!copy.is_unchanged()) {
    DATAWAL_TRY(check_continues(copy, earlier, *source));
    DATAWAL_TRY(copy.own_last());
    DATAWAL_TRY(copy.write_watermark(filesystem));
    DATAWAL_TRY(write_manifest(staged.directory(), copy.manifest()));
    DATAWAL_TRY(staged.publish_over(*earlier.directory));
  }
  CopyStats stats = copy.stats();
  stats.tail = std::move(tail);
  return stats;
}

}  // namespace

Result<CopyStats> backup(const std::filesystem::path& source, const std::filesystem::path& target,
                         const Options& options) {
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<Directory> directory, open_store(source, options));
  DATAWAL_TRY_ASSIGN(std::optional<EarlierBackup> earlier, open_earlier(filesystem, target));
  if (!earlier) return make_backup(directory, filesystem, target);
  return update_backup(*earlier, directory, filesystem, target);
}

}  // namespace datawal
