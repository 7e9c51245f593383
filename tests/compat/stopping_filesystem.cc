#include "stopping_filesystem.h"

#include <unistd.h>
#include <utility>

namespace datawal::compat {
namespace {

// Shared with the filesystem.
using Left = std::shared_ptr<std::atomic<std::uint64_t>>;

void count_change(const Left& left) {
  if (*left == 0) return;
  if (left->fetch_sub(1) == 1) ::_exit(StoppingFilesystem::kExitCode);
}

class StoppingFile final : public File {
 public:
  StoppingFile(std::unique_ptr<File> file, Left left)
      : file_(std::move(file)), left_(std::move(left)) {}

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override {
    return file_->read_at(offset, buffer);
  }
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override {
    count_change(left_);
    return file_->write_at(offset, data);
  }
  [[nodiscard]] Result<std::uint64_t> size() const override { return file_->size(); }
  [[nodiscard]] std::optional<FileIdentity> identity() const override { return file_->identity(); }
  [[nodiscard]] Status truncate(std::uint64_t size) override {
    count_change(left_);
    return file_->truncate(size);
  }
  [[nodiscard]] Status sync() override { return file_->sync(); }
  [[nodiscard]] Result<bool> reserve(std::uint64_t size) override {
    count_change(left_);
    return file_->reserve(size);
  }
  [[nodiscard]] std::unique_ptr<FileMapping> map(std::uint64_t size) override {
    return file_->map(size);
  }
  [[nodiscard]] std::unique_ptr<FileView> view(std::uint64_t size) const override {
    return file_->view(size);
  }

 private:
  std::unique_ptr<File> file_;
  Left left_;
};

class StoppingDirectory final : public Directory {
 public:
  StoppingDirectory(std::unique_ptr<Directory> directory, Left left)
      : directory_(std::move(directory)), left_(std::move(left)) {}

  [[nodiscard]] const std::filesystem::path& path() const override { return directory_->path(); }
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list() const override {
    return directory_->list();
  }
  [[nodiscard]] Result<std::unique_ptr<File>> open(std::string_view name,
                                                   OpenMode mode) const override {
    if (mode == OpenMode::kCreateExclusive) count_change(left_);
    Result<std::unique_ptr<File>> file = directory_->open(name, mode);
    if (!file) return file;
    return std::make_unique<StoppingFile>(*std::move(file), left_);
  }
  [[nodiscard]] Status rename(std::string_view from, std::string_view to,
                              Replace replace) override {
    count_change(left_);
    return directory_->rename(from, to, replace);
  }
  // No store that is compacted needs it.
  [[nodiscard]] Result<bool> link(const File& /*file*/, std::string_view /*name*/) override {
    return false;
  }
  [[nodiscard]] Status exchange(std::string_view name, std::string_view other) override {
    count_change(left_);
    return directory_->exchange(name, other);
  }
  [[nodiscard]] Status remove(std::string_view name) override {
    count_change(left_);
    return directory_->remove(name);
  }
  [[nodiscard]] Status make_directory(std::string_view name) override {
    count_change(left_);
    return directory_->make_directory(name);
  }
  [[nodiscard]] Status sync() override { return directory_->sync(); }
  [[nodiscard]] Status sync_parent() override { return directory_->sync_parent(); }
  [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(std::string_view name) override {
    return directory_->lock(name);
  }
  [[nodiscard]] Result<std::unique_ptr<DirectoryWatch>> watch() const override {
    return directory_->watch();
  }

 private:
  std::unique_ptr<Directory> directory_;
  Left left_;
};

Result<std::unique_ptr<Directory>> stopping(Result<std::unique_ptr<Directory>> directory,
                                            const Left& left) {
  if (!directory) return directory;
  return std::make_unique<StoppingDirectory>(*std::move(directory), left);
}

}  // namespace

Result<std::unique_ptr<Directory>> StoppingFilesystem::open_directory(
    const std::filesystem::path& path) {
  return stopping(posix_filesystem().open_directory(path), left_);
}

Result<std::unique_ptr<Directory>> StoppingFilesystem::create_directory(
    const std::filesystem::path& path) {
  return stopping(posix_filesystem().create_directory(path), left_);
}

}  // namespace datawal::compat
