// A regular file of the operating system.
#pragma once

#include <filesystem>

#include "file/filesystem.h"
#include "file/unique_fd.h"

namespace datawal {

// A regular file that has just been opened.
struct OpenedFile {
  UniqueFd fd;
  FileIdentity identity;
};

// Thread safety as File: reads and size may run at the same time.
class PosixFile final : public File {
 public:
  // `path` is for messages only.
  PosixFile(OpenedFile opened, std::filesystem::path path);

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override;
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override;
  [[nodiscard]] Result<std::uint64_t> size() const override;
  [[nodiscard]] std::optional<FileIdentity> identity() const override;
  [[nodiscard]] std::optional<FileIdentity> identity_at_open() const override { return opened_; }
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status sync() override;
  void begin_sync(std::uint64_t offset, std::uint64_t size) noexcept override;
  [[nodiscard]] Result<bool> reserve(std::uint64_t size) override;
  [[nodiscard]] std::unique_ptr<FileMapping> map(std::uint64_t size) override;
  [[nodiscard]] std::unique_ptr<FileView> view(std::uint64_t size) const override;
  [[nodiscard]] std::unique_ptr<const File> hold() const override;

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  FileIdentity opened_;
  std::filesystem::path path_;
};

// Where a file is: a name in an open directory. `directory_path` is for messages only.
struct FilePlace {
  int directory_fd;
  const std::filesystem::path& directory_path;
  std::string_view name;

  [[nodiscard]] std::filesystem::path path() const { return directory_path / name; }
};

// Opens what is at `place` with the open(2) flags `flags`, to which it adds those that make a
// hostile file harmless, and proves that it is a regular file; with one link, if `flags` allow
// writing. Blocks on nothing, follows no link, truncates nothing.
[[nodiscard]] Result<OpenedFile> open_regular(const FilePlace& place, int flags,
                                              std::string_view action);

// Opens the regular file at `path` for reading, following links. Blocks on nothing.
[[nodiscard]] Result<OpenedFile> open_for_reading(const std::filesystem::path& path);

}  // namespace datawal
