#include "file/simulated_filesystem.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/try.h"
#include "file/path_check.h"
#include "file/posix_error.h"
#include "file/simulated_handles.h"
#include "file/simulated_machine.h"

namespace datawal {
namespace {

std::filesystem::path or_here(const std::filesystem::path& path) {
  return path.empty() ? std::filesystem::path(".") : path;
}

// Why `path` leads to no directory.
Error missing_directory_error(const SimulatedTree& tree, const std::filesystem::path& path) {
  std::filesystem::path walked = "/";
  for (const std::string& part : simulated_path_parts(path)) {
    walked /= part;
    const SimulatedNodePointer node = tree.find(walked);
    if (node && node->kind != SimulatedKind::kDirectory) return not_directory_error(ENOTDIR, path);
  }
  return posix_error(ENOENT, "open the directory", path);
}

std::string_view policy_name(PowerCut policy) {
  switch (policy) {
    case PowerCut::kDropPending:
      return "drop";
    case PowerCut::kKeepPending:
      return "keep";
    case PowerCut::kZeroPending:
      return "zero";
    case PowerCut::kTear:
      break;
  }
  return "tear";
}

}  // namespace

SimulatedFilesystem::SimulatedFilesystem(std::uint64_t seed)
    : SimulatedFilesystem(std::make_shared<SimulatedMachine>(seed)) {}

SimulatedFilesystem::SimulatedFilesystem(std::shared_ptr<SimulatedMachine> machine)
    : machine_(std::move(machine)) {
  const std::scoped_lock guard(machine_->mutex);
  process_ = machine_->start_process();
}

SimulatedFilesystem::~SimulatedFilesystem() = default;

// The program that uses this object now: a new one if the last one died in a crash.
SimulatedHandle SimulatedFilesystem::handle_for(const std::filesystem::path& path) {
  const std::scoped_lock guard(machine_->mutex);
  if (!process_->is_alive) process_ = machine_->start_process();
  return {.machine = machine_, .process = process_, .node = machine_->tree.root(), .path = path};
}

Result<std::unique_ptr<Directory>> SimulatedFilesystem::open_directory(
    const std::filesystem::path& path) {
  DATAWAL_TRY(check_path(path));
  SimulatedHandle handle = handle_for(or_here(path));
  const auto work = [&]() -> Result<std::unique_ptr<Directory>> {
    handle.node = machine_->tree.find(path);
    if (!handle.node || handle.node->kind != SimulatedKind::kDirectory) {
      return std::unexpected(missing_directory_error(machine_->tree, handle.path));
    }
    return std::make_unique<SimulatedDirectory>(handle);
  };
  return machine_->call(*handle.process, handle.site(SimulatedCall::kOpenDirectory), work);
}

Result<std::unique_ptr<Directory>> SimulatedFilesystem::create_directory(
    const std::filesystem::path& path) {
  DATAWAL_TRY(check_path(path));
  SimulatedHandle handle = handle_for(or_here(path));
  DATAWAL_TRY(machine_->call(*handle.process, handle.site(SimulatedCall::kCreateDirectory),
                             []() -> Status { return {}; }));
  SimulatedHandle walked = handle;
  walked.path = path.is_absolute() ? "/" : "";
  for (const std::string& part : simulated_path_parts(path)) {
    DATAWAL_TRY_ASSIGN(walked, enter_directory(walked, part));
  }
  walked.path = handle.path;
  return std::make_unique<SimulatedDirectory>(std::move(walked));
}

// Syncs the name of a directory, and those of the directories above it: whoever made one of them
// may have died before he got round to that.
Status SimulatedFilesystem::sync_names_above(SimulatedHandle directory) {
  while (true) {
    DATAWAL_TRY(SimulatedDirectory(directory).sync_parent());
    const std::scoped_lock guard(machine_->mutex);
    SimulatedNodePointer parent = directory.node->parent.lock();
    if (!parent || parent == machine_->tree.root()) return {};
    directory.node = std::move(parent);
    directory.path = directory.path.parent_path();
  }
}

// One step of create_directory. The calls inside are counted as if the program had made them.
Result<SimulatedHandle> SimulatedFilesystem::enter_directory(const SimulatedHandle& parent,
                                                             const std::string& name) {
  const auto find = [&] {
    const std::scoped_lock guard(machine_->mutex);
    const auto entry = parent.node->names.entries().find(name);
    return entry == parent.node->names.entries().end() ? nullptr : entry->second;
  };
  SimulatedHandle entered = parent;
  entered.path /= name;
  entered.node = find();
  if (entered.node) {
    if (entered.node->kind == SimulatedKind::kDirectory) return entered;
    return std::unexpected(not_directory_error(ENOTDIR, entered.path));
  }
  DATAWAL_TRY(SimulatedDirectory(parent).make_directory(name));
  entered.node = find();
  if (!entered.node)
    return std::unexpected(posix_error(ENOENT, "make the directory", entered.path));
  if (const Status synced = sync_names_above(entered); !synced) {
    (void)SimulatedDirectory(parent).remove(name);  // so that nobody later takes it for durable
    return std::unexpected(synced.error());
  }
  return entered;
}

Result<std::unique_ptr<File>> SimulatedFilesystem::open_file(const std::filesystem::path& path) {
  constexpr std::string_view kAction = "open the file for reading";
  DATAWAL_TRY(check_path(path));
  SimulatedHandle handle = handle_for(path);
  const auto work = [&]() -> Result<std::unique_ptr<File>> {
    handle.node = machine_->tree.find(path);
    if (!handle.node || handle.node->kind == SimulatedKind::kSymlink) {
      return std::unexpected(posix_error(ENOENT, kAction, path));
    }
    if (handle.node->kind != SimulatedKind::kFile) {
      return std::unexpected(not_regular_error(simulated_mode(handle.node->kind), EINVAL, path));
    }
    return std::make_unique<SimulatedFile>(handle);
  };
  return machine_->call(*handle.process, handle.site(SimulatedCall::kOpen), work);
}

std::array<std::byte, 16> SimulatedFilesystem::boot_id() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->boot_id;
}

void SimulatedFilesystem::fill_random(MutableByteView buffer) {
  const std::scoped_lock guard(machine_->mutex);
  for (std::byte& byte : buffer) byte = static_cast<std::byte>(machine_->random.below(256));
}

std::chrono::steady_clock::time_point SimulatedFilesystem::now() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->now;
}

std::unique_ptr<SimulatedFilesystem> SimulatedFilesystem::new_process() {
  return std::unique_ptr<SimulatedFilesystem>(new SimulatedFilesystem(machine_));
}

void SimulatedFilesystem::kill_process(std::uint64_t written_prefix) {
  const std::scoped_lock guard(machine_->mutex);
  process_->is_alive = false;
  process_ = machine_->start_process();
  if (machine_->interrupted_write) {
    SimulatedWrite& write = *machine_->interrupted_write;
    const ByteView data = write.data;
    const std::size_t size = std::min<std::uint64_t>(written_prefix, data.size());
    // What does not fit on the disk is not written, and there is nobody left to be told.
    (void)machine_->write(*write.node, write.offset, data.first(size), {});
    machine_->interrupted_write.reset();
  }
  machine_->calls.restart();
  machine_->calls.note("-- process killed");
}

void SimulatedFilesystem::crash(PowerCut policy, std::uint64_t seed) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->kill_all();
  SimulatedRandom random(seed);
  machine_->tree.cut_power(policy, random);
  machine_->power_on();
  machine_->calls.note("-- power cut: " + std::string(policy_name(policy)) + ", seed " +
                       std::to_string(seed));
}

std::unique_ptr<SimulatedFilesystem> SimulatedFilesystem::clone() const {
  const std::scoped_lock guard(machine_->mutex);
  auto copy = std::make_shared<SimulatedMachine>(0);
  copy->tree = machine_->tree.copy();
  copy->random = machine_->random;
  copy->capacity = machine_->capacity;
  copy->is_read_only = machine_->is_read_only;
  copy->can_link = machine_->can_link;
  copy->write_through_size = machine_->write_through_size;
  copy->ahead_of_rotation = machine_->ahead_of_rotation;
  copy->boot_id = machine_->boot_id;
  copy->now = machine_->now;
  return std::unique_ptr<SimulatedFilesystem>(new SimulatedFilesystem(std::move(copy)));
}

void SimulatedFilesystem::inject(SimulatedFault fault) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->calls.inject(std::move(fault));
}

void SimulatedFilesystem::clear_faults() {
  const std::scoped_lock guard(machine_->mutex);
  machine_->calls.clear_faults();
}

void SimulatedFilesystem::stop_at_mutation(std::uint64_t n) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->calls.stop_at_mutation(n);
}

bool SimulatedFilesystem::is_stopped() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->calls.is_stopped();
}

std::uint64_t SimulatedFilesystem::interrupted_write_size() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->interrupted_write ? machine_->interrupted_write->data.size() : 0;
}

void SimulatedFilesystem::set_capacity(std::optional<std::uint64_t> size) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->capacity = size;
}

void SimulatedFilesystem::set_read_only(bool is_read_only) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->is_read_only = is_read_only;
}

void SimulatedFilesystem::set_linking(bool can_link) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->can_link = can_link;
}

std::uint64_t SimulatedFilesystem::write_through_size() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->write_through_size;
}

AheadOfRotation SimulatedFilesystem::ahead_of_rotation() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->ahead_of_rotation;
}

void SimulatedFilesystem::set_ahead_of_rotation(AheadOfRotation ahead) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->ahead_of_rotation = ahead;
}

void SimulatedFilesystem::set_write_through_size(std::uint64_t size) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->write_through_size = size;
}

void SimulatedFilesystem::set_boot_id(const std::array<std::byte, 16>& id) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->boot_id = id;
}

void SimulatedFilesystem::advance(std::chrono::milliseconds duration) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->now += duration;
}

void SimulatedFilesystem::on_wait(std::function<void()> action) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->wait_action = std::move(action);
}

void SimulatedFilesystem::on_sync(std::function<void()> action) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->sync_action = std::move(action);
}

void SimulatedFilesystem::on_look(std::function<void()> action) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->look_action = std::move(action);
}

std::uint64_t SimulatedFilesystem::call_count() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->calls.call_count();
}

std::uint64_t SimulatedFilesystem::mutation_count() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->calls.mutation_count();
}

std::uint64_t SimulatedFilesystem::count(SimulatedCall call) const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->calls.count(call);
}

std::uint64_t SimulatedFilesystem::bytes_written() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->calls.bytes_written();
}

void SimulatedFilesystem::reset_counts() {
  const std::scoped_lock guard(machine_->mutex);
  machine_->calls.reset_counts();
}

std::vector<std::string> SimulatedFilesystem::trace() const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->calls.trace();
}

bool SimulatedFilesystem::exists(const std::filesystem::path& path) const {
  const std::scoped_lock guard(machine_->mutex);
  return machine_->tree.find(path) != nullptr;
}

std::optional<Bytes> SimulatedFilesystem::read_file(const std::filesystem::path& path) const {
  const std::scoped_lock guard(machine_->mutex);
  const SimulatedNodePointer node = machine_->tree.find(path);
  if (!node || node->kind != SimulatedKind::kFile) return std::nullopt;
  return node->data.bytes();
}

void SimulatedFilesystem::write_file(const std::filesystem::path& path, ByteView data) {
  const std::scoped_lock guard(machine_->mutex);
  SimulatedNodePointer node = machine_->tree.find(path);
  if (!node || node->kind != SimulatedKind::kFile) {
    node = machine_->tree.make_node(SimulatedKind::kFile);
    machine_->tree.place(path, node);
  }
  node->data.place(data);
  ++node->modification_count;
  if (const SimulatedNodePointer parent = node->parent.lock()) ++parent->change_count;
}

void SimulatedFilesystem::plant(const std::filesystem::path& path, SimulatedKind kind) {
  const std::scoped_lock guard(machine_->mutex);
  machine_->tree.place(path, machine_->tree.make_node(kind));
}

void SimulatedFilesystem::plant_directory(const std::filesystem::path& path) {
  plant(path, SimulatedKind::kDirectory);
}

void SimulatedFilesystem::plant_symlink(const std::filesystem::path& path) {
  plant(path, SimulatedKind::kSymlink);
}

void SimulatedFilesystem::plant_fifo(const std::filesystem::path& path) {
  plant(path, SimulatedKind::kFifo);
}

void SimulatedFilesystem::plant_hard_link(const std::filesystem::path& file,
                                          const std::filesystem::path& path) {
  const std::scoped_lock guard(machine_->mutex);
  SimulatedNodePointer node = machine_->tree.find(file);
  if (!node || node->kind != SimulatedKind::kFile) {
    throw std::invalid_argument("no file " + file.string());
  }
  machine_->tree.place(path, std::move(node));
}

void SimulatedFilesystem::remove(const std::filesystem::path& path) {
  const std::scoped_lock guard(machine_->mutex);
  if (!machine_->tree.find(path)) throw std::invalid_argument("nothing at " + path.string());
  machine_->tree.place(path, nullptr);
}

}  // namespace datawal
