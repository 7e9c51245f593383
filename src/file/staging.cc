#include "file/staging.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/try.h"

namespace datawal {
namespace {

std::string make_staging_name(Filesystem& filesystem) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::byte, 8> random{};
  filesystem.fill_random(random);
  std::string name = ".datawal-";
  for (const std::byte byte : random) {
    name += kDigits[std::to_integer<unsigned>(byte) >> 4];
    name += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return name + ".tmp";
}

Status check_directory_is_free(Filesystem& filesystem, const std::filesystem::path& target) {
  const auto found = filesystem.open_directory(target);
  if (!found && found.error().code == ErrorCode::kNotFound) return {};
  if (!found && found.error().code == ErrorCode::kInvalidArgument) {
    return std::unexpected(
        Error{.code = ErrorCode::kAlreadyExists,
              .message = "the target exists and is not a directory; name a new one",
              .path = target.string()});
  }
  if (!found) return std::unexpected(found.error());
  DATAWAL_TRY_ASSIGN(const std::vector<DirectoryEntry> entries, (*found)->list());
  if (entries.empty()) return {};
  return std::unexpected(
      Error{.code = ErrorCode::kNotEmpty,
            .message = "the target directory is not empty; name a new one, or an empty one",
            .path = target.string()});
}

// The directory's own name too: whoever made it may have died before it was synced.
Status sync_names(Directory& directory) {
  DATAWAL_TRY(directory.sync());
  return directory.sync_parent();
}

bool holds(const Directory& directory, std::string_view name) {
  const auto entries = directory.list();
  return entries && std::ranges::any_of(
                        *entries, [&](const DirectoryEntry& entry) { return entry.name == name; });
}

// Removes `directory`, which is `name` in `parent`. Nothing is lost if some of it stays: the name
// says that it is nobody's store.
void remove_with_files(Directory& parent, const std::string& name, Directory& directory) {
  if (const auto entries = directory.list()) {
    for (const DirectoryEntry& entry : *entries) (void)directory.remove(entry.name);
  }
  (void)parent.remove(name);
}

}  // namespace

Result<TargetPath> split_target(const std::filesystem::path& path) {
  const std::filesystem::path trimmed = path.has_filename() ? path : path.parent_path();
  const std::string name = trimmed.filename().string();
  if (name.empty() || name == "." || name == "..") {
    return std::unexpected(Error{.code = ErrorCode::kInvalidArgument,
                                 .message = "the target path has no name of its own at its end",
                                 .path = path.string()});
  }
  return TargetPath{trimmed.parent_path(), name};
}

Result<StagedFile> StagedFile::create(Filesystem& filesystem, const std::filesystem::path& target) {
  DATAWAL_TRY_ASSIGN(const TargetPath split, split_target(target));
  DATAWAL_TRY_ASSIGN(std::unique_ptr<Directory> parent, filesystem.create_directory(split.parent));
  std::string staging_name = make_staging_name(filesystem);
  DATAWAL_TRY_ASSIGN(std::unique_ptr<File> file,
                     parent->open(staging_name, OpenMode::kCreateExclusive));
  return StagedFile(std::move(parent), std::move(file), std::move(staging_name), split.name);
}

StagedFile::~StagedFile() {
  if (parent_ && !published_) (void)parent_->remove(staging_name_);  // nothing is lost if it stays
}

Status StagedFile::publish(Replace replace) {
  DATAWAL_TRY(file_->sync());
  DATAWAL_TRY(parent_->rename(staging_name_, name_, replace));
  published_ = true;
  return sync_names(*parent_);
}

Result<StagedDirectory> StagedDirectory::create(Filesystem& filesystem,
                                                const std::filesystem::path& target) {
  DATAWAL_TRY_ASSIGN(const TargetPath split, split_target(target));
  DATAWAL_TRY(check_directory_is_free(filesystem, target));
  return create_in(filesystem, split);
}

Result<StagedDirectory> StagedDirectory::create_beside(Filesystem& filesystem,
                                                       const std::filesystem::path& target) {
  DATAWAL_TRY_ASSIGN(const TargetPath split, split_target(target));
  return create_in(filesystem, split);
}

Result<StagedDirectory> StagedDirectory::create_in(Filesystem& filesystem,
                                                   const TargetPath& split) {
  DATAWAL_TRY_ASSIGN(std::unique_ptr<Directory> parent, filesystem.create_directory(split.parent));
  std::string staging_name = make_staging_name(filesystem);
  DATAWAL_TRY(parent->make_directory(staging_name));
  auto directory = filesystem.open_directory(parent->path() / staging_name);
  if (!directory) {
    (void)parent->remove(staging_name);  // it is empty; nothing is lost if it stays
    return std::unexpected(std::move(directory).error());
  }
  return StagedDirectory(std::move(parent), *std::move(directory), std::move(staging_name),
                         split.name);
}

StagedDirectory::~StagedDirectory() {
  if (!parent_ || published_) return;
  // A rename that has failed may have happened all the same: then what is in there is the target.
  if (!holds(*parent_, staging_name_)) return;
  remove_with_files(*parent_, staging_name_, *directory_);
}

Status StagedDirectory::publish() {
  DATAWAL_TRY(directory_->sync());
  DATAWAL_TRY(parent_->rename(staging_name_, name_, Replace::kYes));
  published_ = true;
  return sync_names(*parent_);
}

Status StagedDirectory::publish_over(Directory& replaced) {
  DATAWAL_TRY(directory_->sync());
  const Status exchanged = parent_->exchange(staging_name_, name_);
  // An exchange that has failed may have happened all the same, and then this is the target.
  published_ = exchanged || exchanged.error().code != ErrorCode::kInvalidArgument;
  DATAWAL_TRY(exchanged);
  // Before anything of the old one goes, which a power cut could bring back to its name.
  DATAWAL_TRY(sync_names(*parent_));
  remove_with_files(*parent_, staging_name_, replaced);
  return {};
}

}  // namespace datawal
