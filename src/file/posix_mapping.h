// Mappings of a file of the operating system.
#pragma once

#include <memory>
#include <utility>

#include "file/filesystem.h"
#include "file/unique_fd.h"

namespace datawal {

class PosixMapping final : public FileMapping {
 public:
  // Maps the first `size` bytes of the file open at `fd` for reading and writing; null if that
  // cannot be done.
  [[nodiscard]] static std::unique_ptr<FileMapping> make(int fd, std::uint64_t size);
  ~PosixMapping() override;

  void prepare(std::uint64_t offset, std::size_t size) noexcept override;
  [[nodiscard]] MutableByteView at(std::uint64_t offset, std::size_t size) override;
  [[nodiscard]] Status publish(std::byte first) override;

 private:
  PosixMapping(UniqueFd fd, std::byte* data, std::size_t size)
      : fd_(std::move(fd)), data_(data), size_(size) {}

  UniqueFd fd_;  // its own, for whoever prepares writes to it
  std::byte* data_;
  std::size_t size_;
  std::byte* first_ = nullptr;  // the byte that is to be published
};

class PosixView final : public FileView {
 public:
  // Maps the first `size` bytes of the file open at `fd` for reading; null if that cannot be done.
  [[nodiscard]] static std::unique_ptr<FileView> make(int fd, std::uint64_t size);
  ~PosixView() override;

  [[nodiscard]] ByteView bytes() const noexcept override { return {data_, size_}; }

 private:
  PosixView(std::byte* data, std::size_t size) : data_(data), size_(size) {}

  std::byte* data_;
  std::size_t size_;
};

}  // namespace datawal
