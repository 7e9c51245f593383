// A file on a failing disk, read as far as it can be: zeros stand for what cannot.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "file/filesystem.h"

namespace datawal {

// Read-only.
class TolerantFile final : public File {
 public:
  // What is given up at once when reading fails: a page, which is also the block of most disks.
  static constexpr std::uint64_t kBlockSize = 4096;

  explicit TolerantFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  // Never fails where the file's size is known.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override;
  [[nodiscard]] Result<std::uint64_t> size() const override { return file_->size(); }
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override;
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status sync() override;

  // Why the first unreadable block of [begin, end) is so, if one has been met there.
  [[nodiscard]] std::optional<Error> failure_in(std::uint64_t begin, std::uint64_t end) const;

 private:
  struct Unreadable {
    std::uint64_t end;
    Error error;
  };

  [[nodiscard]] Result<std::size_t> read_block(std::uint64_t offset, MutableByteView buffer) const;
  void note(std::uint64_t begin, const Error& error) const;

  std::unique_ptr<File> file_;
  mutable std::map<std::uint64_t, Unreadable> unreadable_;  // by begin; whole blocks, not adjacent
};

}  // namespace datawal
