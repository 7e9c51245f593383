// A file that is held by a mapping: a process may have many more of these than descriptors, of
// which the others are for its user.
//
// The mapping is never touched. The kernel copies from it, and gives an error where there is
// nothing any more, or nothing that the disk can read; a look at such a place would be a SIGBUS.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "file/filesystem.h"

namespace datawal {

// Thread safety as File.
class PosixHeldFile final : public File {
 public:
  // So many at once in a process: a quarter of the mappings that a kernel allows it unless told
  // otherwise, for there are others.
  static constexpr std::size_t kCountMax = std::size_t{16} << 10;

  // The file open at `fd`, which is `identity` now. Null where there are so many already, where
  // address space is scarce, and where the kernel may not copy. `path` is for messages only.
  [[nodiscard]] static std::unique_ptr<const File> make(int fd, const FileIdentity& identity,
                                                        const std::filesystem::path& path);
  ~PosixHeldFile() override;

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override;
  [[nodiscard]] Result<std::uint64_t> size() const override { return identity_.size; }
  [[nodiscard]] std::optional<FileIdentity> identity() const override { return identity_; }
  // Fail with kReadOnly.
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override;
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status sync() override;

 private:
  PosixHeldFile(const std::byte* data, const FileIdentity& identity, std::filesystem::path path);
  [[nodiscard]] std::unexpected<Error> read_only() const;

  const std::byte* data_;
  FileIdentity identity_;
  std::filesystem::path path_;
};

}  // namespace datawal
