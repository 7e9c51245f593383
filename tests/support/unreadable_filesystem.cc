#include "support/unreadable_filesystem.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace datawal::test {
namespace {

class UnreadableFile final : public File {
 public:
  UnreadableFile(std::unique_ptr<File> file, std::vector<UnreadableRange> ranges)
      : file_(std::move(file)), ranges_(std::move(ranges)) {}

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override {
    const std::uint64_t end = offset + buffer.size();
    for (const UnreadableRange& range : ranges_) {
      if (offset < range.end && range.begin < end) {
        return std::unexpected(Error{.code = ErrorCode::kIo, .message = "unreadable sector"});
      }
    }
    return file_->read_at(offset, buffer);
  }
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override {
    return file_->write_at(offset, data);
  }
  [[nodiscard]] Result<std::uint64_t> size() const override { return file_->size(); }
  [[nodiscard]] Status truncate(std::uint64_t size) override { return file_->truncate(size); }
  [[nodiscard]] Status sync() override { return file_->sync(); }

 private:
  std::unique_ptr<File> file_;
  std::vector<UnreadableRange> ranges_;
};

class UnreadableDirectory final : public Directory {
 public:
  UnreadableDirectory(std::unique_ptr<Directory> directory, std::vector<UnreadableRange> ranges)
      : directory_(std::move(directory)), ranges_(std::move(ranges)) {}

  [[nodiscard]] const std::filesystem::path& path() const override { return directory_->path(); }
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list() const override {
    return directory_->list();
  }
  [[nodiscard]] Result<std::unique_ptr<File>> open(std::string_view name,
                                                   OpenMode mode) const override {
    DATAWAL_TRY_ASSIGN(std::unique_ptr<File> file, directory_->open(name, mode));
    std::vector<UnreadableRange> ranges;
    std::ranges::copy_if(ranges_, std::back_inserter(ranges),
                         [&](const UnreadableRange& range) { return range.name == name; });
    return make_unreadable(std::move(file), std::move(ranges));
  }
  [[nodiscard]] Status rename(std::string_view from, std::string_view to,
                              Replace replace) override {
    return directory_->rename(from, to, replace);
  }
  [[nodiscard]] Result<bool> link(const File& file, std::string_view name) override {
    return directory_->link(file, name);
  }
  [[nodiscard]] Status exchange(std::string_view name, std::string_view other) override {
    return directory_->exchange(name, other);
  }
  [[nodiscard]] Status remove(std::string_view name) override { return directory_->remove(name); }
  [[nodiscard]] Status make_directory(std::string_view name) override {
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
  std::vector<UnreadableRange> ranges_;
};

}  // namespace

std::unique_ptr<File> make_unreadable(std::unique_ptr<File> file,
                                      std::vector<UnreadableRange> ranges) {
  return std::make_unique<UnreadableFile>(std::move(file), std::move(ranges));
}

Result<std::unique_ptr<Directory>> UnreadableFilesystem::open_directory(
    const std::filesystem::path& path) {
  DATAWAL_TRY_ASSIGN(std::unique_ptr<Directory> directory, filesystem_.open_directory(path));
  if (path != directory_) return directory;
  return std::make_unique<UnreadableDirectory>(std::move(directory), ranges_);
}

}  // namespace datawal::test
