// A directory of the operating system, held open: what it leads to does not change with the path.
#pragma once

#include <filesystem>
#include <optional>

#include "file/filesystem.h"
#include "file/unique_fd.h"

namespace datawal {

// Thread safety as Directory.
class PosixDirectory final : public Directory {
 public:
  // `fd` is open for reading; `path` is for messages only.
  PosixDirectory(UniqueFd fd, std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const override { return path_; }
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list() const override;
  [[nodiscard]] Result<std::unique_ptr<File>> open(std::string_view name,
                                                   OpenMode mode) const override;
  [[nodiscard]] Status rename(std::string_view from, std::string_view to, Replace replace) override;
  [[nodiscard]] Result<bool> link(const File& file, std::string_view name) override;
  [[nodiscard]] Status exchange(std::string_view name, std::string_view other) override;
  [[nodiscard]] Status remove(std::string_view name) override;
  [[nodiscard]] Status make_directory(std::string_view name) override;
  [[nodiscard]] Status sync() override;
  [[nodiscard]] Status sync_parent() override;
  [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(std::string_view name) override;
  [[nodiscard]] Result<std::unique_ptr<DirectoryWatch>> watch() const override;

 private:
  UniqueFd fd_;
  std::filesystem::path path_;
};

// The kind of the entry `name`, which readdir called `type` (DT_REG and so on). Not every
// filesystem keeps the type beside the name: for DT_UNKNOWN the entry itself is asked. Nothing if
// it is gone.
[[nodiscard]] std::optional<EntryKind> entry_kind(int directory_fd, const char* name,
                                                  unsigned char type);

// Directory::sync_parent for the directory open at `fd`.
[[nodiscard]] Status sync_parent_of(int fd, const std::filesystem::path& path);

}  // namespace datawal
