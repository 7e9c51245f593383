// What programs on a simulated machine have open.
#pragma once

#include <filesystem>
#include <memory>

#include "file/filesystem.h"
#include "file/simulated_machine.h"

namespace datawal {

// Who has opened what. The machine is shared because handles may outlive the object that made them.
struct SimulatedHandle {
  std::shared_ptr<SimulatedMachine> machine;
  SimulatedProcessPointer process;
  SimulatedNodePointer node;
  std::filesystem::path path;  // for messages and faults

  // The call `call` on this.
  [[nodiscard]] SimulatedCallSite site(SimulatedCall call) const {
    return {.call = call, .path = path.string()};
  }
};

// The file type of `kind`, as in stat.
[[nodiscard]] mode_t simulated_mode(SimulatedKind kind);

class SimulatedFile final : public File {
 public:
  // Needs the machine's mutex, which the call that opens it holds.
  explicit SimulatedFile(SimulatedHandle handle);

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            MutableByteView buffer) const override;
  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override;
  [[nodiscard]] Result<std::uint64_t> size() const override;
  [[nodiscard]] std::optional<FileIdentity> identity() const override;
  [[nodiscard]] std::optional<FileIdentity> identity_at_open() const override { return opened_; }
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status sync() override;
  [[nodiscard]] Result<bool> reserve(std::uint64_t size) override;
  [[nodiscard]] std::unique_ptr<FileMapping> map(std::uint64_t size) override;

  [[nodiscard]] const SimulatedHandle& handle() const { return handle_; }

 private:
  [[nodiscard]] std::function<void()> sync_action() const;
  [[nodiscard]] FileIdentity identity_now() const;

  SimulatedHandle handle_;
  FileIdentity opened_;
  std::shared_ptr<const SimulatedClaim> claim_;
};

// Takes what is stored into a buffer, and brings it to the file when it is published. Stopped at,
// the machine has all of it but the first byte, or by kill_process(n) the first n bytes behind
// that.
class SimulatedMapping final : public FileMapping {
 public:
  SimulatedMapping(SimulatedHandle handle, std::uint64_t size)
      : handle_(std::move(handle)), size_(size) {}

  void prepare(std::uint64_t offset, std::size_t size) noexcept override;
  [[nodiscard]] MutableByteView at(std::uint64_t offset, std::size_t size) override;
  [[nodiscard]] Status publish(std::byte first) override;

 private:
  SimulatedHandle handle_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  Bytes stored_;
};

class SimulatedDirectory final : public Directory {
 public:
  explicit SimulatedDirectory(SimulatedHandle handle) : handle_(std::move(handle)) {}

  [[nodiscard]] const std::filesystem::path& path() const override { return handle_.path; }
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
  void tell_of_look() const;
  [[nodiscard]] SimulatedCallSite site_of(SimulatedCall call, std::string_view name) const;
  [[nodiscard]] SimulatedNodePointer find(std::string_view name) const;
  [[nodiscard]] Result<SimulatedNodePointer> find_regular(std::string_view name,
                                                          bool is_writable) const;
  [[nodiscard]] Status check_room_for(std::string_view name) const;
  [[nodiscard]] Status do_rename(std::string_view from, std::string_view to, Replace replace) const;
  [[nodiscard]] Status do_exchange(std::string_view name, std::string_view other) const;
  [[nodiscard]] Status do_remove(std::string_view name) const;
  [[nodiscard]] Result<std::unique_ptr<FileLock>> do_lock(std::string_view name) const;

  SimulatedHandle handle_;
};

}  // namespace datawal
