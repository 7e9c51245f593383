#include "file/simulated_handles.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "base/try.h"
#include "file/path_check.h"
#include "file/posix_error.h"

namespace datawal {
namespace {

EntryKind entry_kind_of(SimulatedKind kind) {
  if (kind == SimulatedKind::kFile) return EntryKind::kFile;
  return kind == SimulatedKind::kDirectory ? EntryKind::kDirectory : EntryKind::kOther;
}

std::string describe_range(std::uint64_t offset, std::uint64_t size) {
  return "offset=" + std::to_string(offset) + " size=" + std::to_string(size);
}

std::optional<pid_t> holder_named_in(const Bytes& content) {
  const std::string_view text = as_text(content);
  pid_t holder = 0;
  const auto [rest, status] = std::from_chars(text.data(), text.data() + text.size(), holder);
  return status == std::errc() ? std::optional(holder) : std::nullopt;
}

class SimulatedFileLock final : public FileLock {
 public:
  explicit SimulatedFileLock(std::shared_ptr<const SimulatedClaim> claim)
      : claim_(std::move(claim)) {}

 private:
  std::shared_ptr<const SimulatedClaim> claim_;
};

class SimulatedWatch final : public DirectoryWatch {
 public:
  explicit SimulatedWatch(SimulatedHandle handle)
      : handle_(std::move(handle)), seen_count_(handle_.node->change_count) {}

  void wait(std::chrono::milliseconds timeout) override {
    SimulatedMachine& machine = *handle_.machine;
    if (const std::function<void()> action = wait_action()) action();
    const std::scoped_lock guard(machine.mutex);
    // A change costs a moment too, so that waiting ends even if something changes all the time.
    const bool has_changed = handle_.node->change_count != seen_count_;
    machine.now += has_changed ? std::min(timeout, std::chrono::milliseconds(1)) : timeout;
    seen_count_ = handle_.node->change_count;
  }

 private:
  [[nodiscard]] std::function<void()> wait_action() const {
    const std::scoped_lock guard(handle_.machine->mutex);
    return handle_.machine->wait_action;
  }

  SimulatedHandle handle_;
  std::uint64_t seen_count_;
};

}  // namespace

mode_t simulated_mode(SimulatedKind kind) {
  switch (kind) {
    case SimulatedKind::kDirectory:
      return S_IFDIR;
    case SimulatedKind::kSymlink:
      return S_IFLNK;
    case SimulatedKind::kFifo:
      return S_IFIFO;
    case SimulatedKind::kFile:
      break;
  }
  return S_IFREG;
}

SimulatedFile::SimulatedFile(SimulatedHandle handle)
    : handle_(std::move(handle)),
      opened_(identity_now()),
      claim_(std::make_shared<const SimulatedClaim>(handle_.process)) {
  std::erase_if(handle_.node->openers, [](const auto& claim) { return claim.expired(); });
  handle_.node->openers.push_back(claim_);
}

Result<std::size_t> SimulatedFile::read_at(std::uint64_t offset, MutableByteView buffer) const {
  SimulatedCallSite site = handle_.site(SimulatedCall::kRead);
  site.detail = describe_range(offset, buffer.size());
  return handle_.machine->call(*handle_.process, site, [&]() -> Result<std::size_t> {
    return handle_.node->data.read(offset, buffer);
  });
}

Status SimulatedFile::write_at(std::uint64_t offset, ByteView data) {
  SimulatedMachine& machine = *handle_.machine;
  SimulatedCallSite site = handle_.site(SimulatedCall::kWrite);
  site.detail = describe_range(offset, data.size());
  site.size = data.size();
  const auto work = [&] { return machine.write(*handle_.node, offset, data, handle_.path); };
  const auto on_failure = [&](const SimulatedFailure& failure) {
    if (failure.cause == SimulatedFailure::Cause::kStopsHere) {
      machine.interrupted_write = {.node = handle_.node, .offset = offset, .data = to_bytes(data)};
    }
    if (failure.cause != SimulatedFailure::Cause::kFault) return;
    const std::size_t size = std::min<std::uint64_t>(failure.written_prefix, data.size());
    // The failure is reported anyway.
    (void)machine.write(*handle_.node, offset, data.first(size), handle_.path);
  };
  return machine.call(*handle_.process, site, work, on_failure);
}

Result<std::uint64_t> SimulatedFile::size() const {
  return handle_.machine->call(
      *handle_.process, handle_.site(SimulatedCall::kSize),
      [&]() -> Result<std::uint64_t> { return handle_.node->data.size(); });
}

FileIdentity SimulatedFile::identity_now() const {
  const SimulatedNode& node = *handle_.node;
  return {.inode = node.id, .size = node.data.size(), .modified_ns = node.modification_count};
}

std::optional<FileIdentity> SimulatedFile::identity() const {
  const auto work = [&]() -> Result<FileIdentity> { return identity_now(); };
  const Result<FileIdentity> found =
      handle_.machine->call(*handle_.process, handle_.site(SimulatedCall::kIdentify), work);
  return found ? std::optional(*found) : std::nullopt;
}

Status SimulatedFile::truncate(std::uint64_t size) {
  SimulatedMachine& machine = *handle_.machine;
  SimulatedCallSite site = handle_.site(SimulatedCall::kTruncate);
  site.detail = "size=" + std::to_string(size);
  return machine.call(*handle_.process, site,
                      [&] { return machine.truncate(*handle_.node, size, handle_.path); });
}

Status SimulatedFile::sync() {
  if (const std::function<void()> action = sync_action()) action();
  const auto work = [&]() -> Status {
    handle_.node->data.sync();
    return {};
  };
  const auto on_failure = [&](const SimulatedFailure& failure) {
    if (failure.cause == SimulatedFailure::Cause::kFault) handle_.node->data.fail_sync();
  };
  return handle_.machine->call(*handle_.process, handle_.site(SimulatedCall::kSync), work,
                               on_failure);
}

std::function<void()> SimulatedFile::sync_action() const {
  const std::scoped_lock guard(handle_.machine->mutex);
  return handle_.machine->sync_action;
}

Result<bool> SimulatedFile::reserve(std::uint64_t size) {
  SimulatedMachine& machine = *handle_.machine;
  SimulatedCallSite site = handle_.site(SimulatedCall::kReserve);
  site.detail = "size=" + std::to_string(size);
  return machine.call(*handle_.process, site, [&]() -> Result<bool> {
    if (size <= handle_.node->data.size()) return true;
    return machine.truncate(*handle_.node, size, handle_.path).has_value();
  });
}

std::unique_ptr<FileMapping> SimulatedFile::map(std::uint64_t size) {
  const auto work = [&]() -> Result<std::unique_ptr<FileMapping>> {
    return std::make_unique<SimulatedMapping>(handle_, size);
  };
  auto mapping = handle_.machine->call(*handle_.process, handle_.site(SimulatedCall::kMap), work);
  return mapping ? *std::move(mapping) : nullptr;
}

// Where a real one writes zeros there must be zeros, and room for them.
void SimulatedMapping::prepare(std::uint64_t offset, std::size_t size) noexcept {
  const std::scoped_lock guard(handle_.machine->mutex);
  if (!handle_.process->is_alive) return;
  const ByteView bytes = handle_.node->data.bytes();
  const bool is_there = offset <= bytes.size() && size <= bytes.size() - offset;
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (is_there && std::ranges::all_of(bytes.subspan(offset, size), is_zero)) return;
  std::fprintf(stderr, "prepared where something is stored, or nothing reserved: %s, %s\n",
               handle_.path.c_str(), describe_range(offset, size).c_str());
  std::abort();
}

MutableByteView SimulatedMapping::at(std::uint64_t offset, std::size_t size) {
  offset_ = offset;
  stored_.assign(size, std::byte{0});
  return stored_;
}

Status SimulatedMapping::publish(std::byte first) {
  SimulatedMachine& machine = *handle_.machine;
  SimulatedCallSite site = handle_.site(SimulatedCall::kStore);
  site.detail = describe_range(offset_, stored_.size());
  site.size = stored_.size();
  const ByteView rest = ByteView(stored_).subspan(1);
  const auto work = [&]() -> Status {
    // On a real machine this is the death of the process.
    if (offset_ + stored_.size() > std::min(size_, handle_.node->data.size())) {
      throw std::logic_error("a store beyond what was reserved of " + handle_.path.string());
    }
    DATAWAL_TRY(machine.write(*handle_.node, offset_ + 1, rest, handle_.path));
    return machine.write(*handle_.node, offset_, {&first, 1}, handle_.path);
  };
  const auto on_failure = [&](const SimulatedFailure& failure) {
    if (failure.cause != SimulatedFailure::Cause::kStopsHere) return;
    machine.interrupted_write = {
        .node = handle_.node, .offset = offset_ + 1, .data = to_bytes(rest)};
  };
  return machine.call(*handle_.process, site, work, on_failure);
}

SimulatedCallSite SimulatedDirectory::site_of(SimulatedCall call, std::string_view name) const {
  return {.call = call, .path = (handle_.path / name).string()};
}

SimulatedNodePointer SimulatedDirectory::find(std::string_view name) const {
  const SimulatedNames::Map& entries = handle_.node->names.entries();
  const auto entry = entries.find(name);
  return entry == entries.end() ? nullptr : entry->second;
}

Result<SimulatedNodePointer> SimulatedDirectory::find_regular(std::string_view name,
                                                              bool is_writable) const {
  const std::filesystem::path path = handle_.path / name;
  SimulatedNodePointer node = find(name);
  if (!node) return std::unexpected(posix_error(ENOENT, "open the file", path));
  if (node->kind != SimulatedKind::kFile) {
    return std::unexpected(not_regular_error(simulated_mode(node->kind), EINVAL, path));
  }
  if (!is_writable) return node;
  DATAWAL_TRY(handle_.machine->check_writable(path));
  if (node->link_count > 1) return std::unexpected(links_error(node->link_count, path));
  return node;
}

// What must be true before a new name can be made.
Status SimulatedDirectory::check_room_for(std::string_view name) const {
  const std::filesystem::path path = handle_.path / name;
  if (find(name)) return std::unexpected(posix_error(EEXIST, "make", path));
  DATAWAL_TRY(handle_.machine->check_writable(path));
  if (handle_.node->link_count == 0) return std::unexpected(posix_error(ENOENT, "make", path));
  return {};
}

void SimulatedDirectory::tell_of_look() const {
  std::unique_lock guard(handle_.machine->mutex);
  const std::function<void()> action = handle_.machine->look_action;
  guard.unlock();
  if (action) action();
}

Result<std::vector<DirectoryEntry>> SimulatedDirectory::list() const {
  tell_of_look();
  using Entries = std::vector<DirectoryEntry>;
  const auto work = [&]() -> Result<Entries> {
    Entries entries;
    for (const auto& [name, node] : handle_.node->names.entries()) {
      entries.push_back({.name = name, .kind = entry_kind_of(node->kind), .inode = node->id});
    }
    return entries;
  };
  return handle_.machine->call(*handle_.process, handle_.site(SimulatedCall::kList), work);
}

Result<std::unique_ptr<File>> SimulatedDirectory::open(std::string_view name, OpenMode mode) const {
  DATAWAL_TRY(check_entry_name(name, handle_.path));
  const bool creates = mode == OpenMode::kCreateExclusive;
  if (!creates) tell_of_look();
  const auto work = [&]() -> Result<std::unique_ptr<File>> {
    SimulatedHandle handle = handle_;
    handle.path /= name;
    if (creates) {
      DATAWAL_TRY(check_room_for(name));
      handle.node = handle_.machine->tree.make_node(SimulatedKind::kFile);
      SimulatedTree::bind(handle_.node, name, handle.node);
    } else {
      DATAWAL_TRY_ASSIGN(handle.node, find_regular(name, mode == OpenMode::kReadWrite));
    }
    return std::make_unique<SimulatedFile>(std::move(handle));
  };
  SimulatedCallSite site = site_of(creates ? SimulatedCall::kCreate : SimulatedCall::kOpen, name);
  return handle_.machine->call(*handle_.process, site, work);
}

Status SimulatedDirectory::rename(std::string_view from, std::string_view to, Replace replace) {
  DATAWAL_TRY(check_entry_name(from, handle_.path));
  DATAWAL_TRY(check_entry_name(to, handle_.path));
  SimulatedCallSite site = site_of(SimulatedCall::kRename, from);
  site.detail = std::string("to ").append(to);
  return handle_.machine->call(*handle_.process, site,
                               [&] { return do_rename(from, to, replace); });
}

Status SimulatedDirectory::do_rename(std::string_view from, std::string_view to,
                                     Replace replace) const {
  const SimulatedNodePointer source = find(from);
  const SimulatedNodePointer target = find(to);
  const std::filesystem::path target_path = handle_.path / to;
  if (!source) return std::unexpected(posix_error(ENOENT, "rename", handle_.path / from));
  DATAWAL_TRY(handle_.machine->check_writable(target_path));
  if (target && replace == Replace::kNo) {
    return std::unexpected(posix_error(EEXIST, "rename without replacing", target_path));
  }
  // As POSIX has it, also for two names of one file.
  if (source == target) return {};
  if (target) {
    const bool is_source_directory = source->kind == SimulatedKind::kDirectory;
    const bool is_target_directory = target->kind == SimulatedKind::kDirectory;
    int os_error = 0;
    if (is_target_directory && !target->names.entries().empty()) os_error = ENOTEMPTY;
    if (is_source_directory && !is_target_directory) os_error = ENOTDIR;
    if (!is_source_directory && is_target_directory) os_error = EISDIR;
    if (os_error != 0) return std::unexpected(replace_error(os_error, target_path));
  }
  SimulatedTree::rename(*handle_.node, from, to);
  return {};
}

Result<bool> SimulatedDirectory::link(const File& file, std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, handle_.path));
  const auto* const opened = dynamic_cast<const SimulatedFile*>(&file);
  const bool is_ours = opened != nullptr && opened->handle().machine == handle_.machine;
  const auto work = [&]() -> Result<bool> {
    DATAWAL_TRY(check_room_for(name));
    if (!is_ours || !handle_.machine->can_link) return false;
    const SimulatedNodePointer& node = opened->handle().node;
    if (node->link_count == 0) return false;
    SimulatedTree::bind(handle_.node, name, node);
    return true;
  };
  return handle_.machine->call(*handle_.process, site_of(SimulatedCall::kLink, name), work);
}

Status SimulatedDirectory::exchange(std::string_view name, std::string_view other) {
  DATAWAL_TRY(check_entry_name(name, handle_.path));
  DATAWAL_TRY(check_entry_name(other, handle_.path));
  SimulatedCallSite site = site_of(SimulatedCall::kExchange, name);
  site.detail = std::string("with ").append(other);
  return handle_.machine->call(*handle_.process, site, [&] { return do_exchange(name, other); });
}

Status SimulatedDirectory::do_exchange(std::string_view name, std::string_view other) const {
  constexpr std::string_view kAction = "exchange with another";
  for (const std::string_view each : {name, other}) {
    if (!find(each)) return std::unexpected(posix_error(ENOENT, kAction, handle_.path / each));
  }
  DATAWAL_TRY(handle_.machine->check_writable(handle_.path / name));
  SimulatedTree::exchange(*handle_.node, name, other);
  return {};
}

Status SimulatedDirectory::remove(std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, handle_.path));
  return handle_.machine->call(*handle_.process, site_of(SimulatedCall::kRemove, name),
                               [&] { return do_remove(name); });
}

Status SimulatedDirectory::do_remove(std::string_view name) const {
  const std::filesystem::path path = handle_.path / name;
  const SimulatedNodePointer node = find(name);
  if (!node) return std::unexpected(posix_error(ENOENT, "remove", path));
  DATAWAL_TRY(handle_.machine->check_writable(path));
  if (!node->names.entries().empty()) {
    return std::unexpected(posix_error(ENOTEMPTY, "remove", path));
  }
  SimulatedTree::bind(handle_.node, name, nullptr);
  return {};
}

Status SimulatedDirectory::make_directory(std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, handle_.path));
  const auto work = [&]() -> Status {
    DATAWAL_TRY(check_room_for(name));
    SimulatedTree::bind(handle_.node, name,
                        handle_.machine->tree.make_node(SimulatedKind::kDirectory));
    return {};
  };
  return handle_.machine->call(*handle_.process, site_of(SimulatedCall::kMakeDirectory, name),
                               work);
}

Status SimulatedDirectory::sync() {
  const auto work = [&]() -> Status {
    handle_.node->names.sync();
    return {};
  };
  const auto on_failure = [&](const SimulatedFailure& failure) {
    if (failure.cause == SimulatedFailure::Cause::kFault) handle_.node->names.fail_sync();
  };
  return handle_.machine->call(*handle_.process, handle_.site(SimulatedCall::kSyncDirectory), work,
                               on_failure);
}

Status SimulatedDirectory::sync_parent() {
  const auto work = [&]() -> Status {
    const SimulatedNodePointer parent = handle_.node->parent.lock();
    (parent ? *parent : *handle_.node).names.sync();  // the root is its own parent
    return {};
  };
  const auto on_failure = [&](const SimulatedFailure& failure) {
    const SimulatedNodePointer parent = handle_.node->parent.lock();
    if (failure.cause == SimulatedFailure::Cause::kFault && parent) parent->names.fail_sync();
  };
  return handle_.machine->call(*handle_.process, handle_.site(SimulatedCall::kSyncParent), work,
                               on_failure);
}

Result<std::unique_ptr<FileLock>> SimulatedDirectory::lock(std::string_view name) {
  DATAWAL_TRY(check_entry_name(name, handle_.path));
  return handle_.machine->call(*handle_.process, site_of(SimulatedCall::kLock, name),
                               [&] { return do_lock(name); });
}

Result<std::unique_ptr<FileLock>> SimulatedDirectory::do_lock(std::string_view name) const {
  if (!find(name)) {
    DATAWAL_TRY(check_room_for(name));
    SimulatedTree::bind(handle_.node, name, handle_.machine->tree.make_node(SimulatedKind::kFile));
  }
  DATAWAL_TRY_ASSIGN(const SimulatedNodePointer node, find_regular(name, true));
  const std::filesystem::path path = handle_.path / name;
  if (SimulatedClaim::holds(node->lock_holder)) {
    return std::unexpected(locked_error(holder_named_in(node->data.bytes()), path));
  }
  auto claim = std::make_shared<const SimulatedClaim>(handle_.process);
  node->lock_holder = claim;
  const std::string text = std::to_string(handle_.process->id) + "\n";
  // For people only: a full disk must not keep anyone from locking.
  if (handle_.machine->truncate(*node, 0, path)) {
    (void)handle_.machine->write(*node, 0, as_bytes(text), path);
  }
  return std::make_unique<SimulatedFileLock>(std::move(claim));
}

Result<std::unique_ptr<DirectoryWatch>> SimulatedDirectory::watch() const {
  return handle_.machine->call(*handle_.process, handle_.site(SimulatedCall::kWatch),
                               [&]() -> Result<std::unique_ptr<DirectoryWatch>> {
                                 return std::make_unique<SimulatedWatch>(handle_);
                               });
}

}  // namespace datawal
