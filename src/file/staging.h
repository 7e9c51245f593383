// Files and directories that appear under their name whole and durable, or not at all.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "file/filesystem.h"

namespace datawal {

// A path taken apart: the directory it is in, and its last component.
struct TargetPath {
  std::filesystem::path parent;
  std::string name;
};

// Fails with kInvalidArgument where the path names no entry of a directory ("", "/", "..").
[[nodiscard]] Result<TargetPath> split_target(const std::filesystem::path& path);

// A file that is written under a temporary name beside its target. Removed again unless published.
class StagedFile {
 public:
  // Makes the parent directories that are missing.
  [[nodiscard]] static Result<StagedFile> create(Filesystem& filesystem,
                                                 const std::filesystem::path& target);
  StagedFile(StagedFile&&) noexcept = default;
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();

  [[nodiscard]] File& file() { return *file_; }
  // Syncs the file, gives it its name and syncs that. With Replace::kNo: kAlreadyExists.
  [[nodiscard]] Status publish(Replace replace);

 private:
  StagedFile(std::unique_ptr<Directory> parent, std::unique_ptr<File> file,
             std::string staging_name, std::string name)
      : parent_(std::move(parent)),
        file_(std::move(file)),
        staging_name_(std::move(staging_name)),
        name_(std::move(name)) {}

  std::unique_ptr<Directory> parent_;
  std::unique_ptr<File> file_;
  std::string staging_name_;
  std::string name_;
  bool published_ = false;
};

// A directory of files that is filled under a temporary name beside its target. Removed again, with
// the files in it, unless published.
class StagedDirectory {
 public:
  // Fails with kNotEmpty if the target is a directory with something in it, with kAlreadyExists if
  // it is something else. Makes the parent directories that are missing.
  [[nodiscard]] static Result<StagedDirectory> create(Filesystem& filesystem,
                                                      const std::filesystem::path& target);
  // The same for a target that is a directory already, which publish_over() is to replace.
  [[nodiscard]] static Result<StagedDirectory> create_beside(Filesystem& filesystem,
                                                             const std::filesystem::path& target);
  StagedDirectory(StagedDirectory&&) noexcept = default;
  StagedDirectory& operator=(StagedDirectory&&) = delete;
  ~StagedDirectory();

  [[nodiscard]] Directory& directory() { return *directory_; }
  // Syncs the directory, gives it its name and syncs that. Its files must have been synced.
  [[nodiscard]] Status publish();
  // The same where the target is there: the two directories exchange their names at one instant.
  // Then removes `replaced`, which is the one that was the target, and the files in it.
  [[nodiscard]] Status publish_over(Directory& replaced);

 private:
  [[nodiscard]] static Result<StagedDirectory> create_in(Filesystem& filesystem,
                                                         const TargetPath& split);
  StagedDirectory(std::unique_ptr<Directory> parent, std::unique_ptr<Directory> directory,
                  std::string staging_name, std::string name)
      : parent_(std::move(parent)),
        directory_(std::move(directory)),
        staging_name_(std::move(staging_name)),
        name_(std::move(name)) {}

  std::unique_ptr<Directory> parent_;
  std::unique_ptr<Directory> directory_;
  std::string staging_name_;
  std::string name_;
  bool published_ = false;
};

}  // namespace datawal
