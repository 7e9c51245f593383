#include "file/simulated_machine.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/try.h"
#include "file/posix_error.h"

namespace datawal {
namespace {

// Keeps a hostile offset from taking the memory of the test.
constexpr std::uint64_t kFileSizeMax = std::uint64_t{1} << 30U;

}  // namespace

SimulatedMachine::SimulatedMachine(std::uint64_t seed) : random(seed) {
  power_on();
}

SimulatedProcessPointer SimulatedMachine::start_process() {
  std::erase_if(processes_, [](const auto& process) { return process.expired(); });
  auto process = std::make_shared<SimulatedProcess>(SimulatedProcess{.id = ++last_process_id_});
  processes_.push_back(process);
  return process;
}

void SimulatedMachine::kill_all() {
  for (const std::weak_ptr<SimulatedProcess>& weak : processes_) {
    if (const SimulatedProcessPointer process = weak.lock()) process->is_alive = false;
  }
}

void SimulatedMachine::power_on() {
  for (std::byte& byte : boot_id) byte = static_cast<std::byte>(random.below(256));
  calls.restart();
  interrupted_write.reset();
}

Status SimulatedMachine::check_writable(const std::filesystem::path& path) const {
  if (!is_read_only) return {};
  return std::unexpected(posix_error(EROFS, "change anything there", path));
}

std::uint64_t SimulatedMachine::room_for_growth() const {
  if (!capacity) return std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t used = tree.used_size();
  return *capacity > used ? *capacity - used : 0;
}

Status SimulatedMachine::write(SimulatedNode& node, std::uint64_t offset, ByteView data,
                               const std::filesystem::path& path) {
  constexpr std::string_view kAction = "write to the file";
  DATAWAL_TRY(check_writable(path));
  if (offset > kFileSizeMax || data.size() > kFileSizeMax - offset) {
    return std::unexpected(posix_error(EFBIG, kAction, path));
  }
  if (data.empty()) return {};
  const std::uint64_t size = node.data.size();
  const std::uint64_t end = offset + data.size();
  const std::uint64_t growth = end > size ? end - size : 0;
  const std::uint64_t room = growth > 0 ? room_for_growth() : 0;
  const bool is_full = growth > room;
  if (is_full) {
    const std::uint64_t end_max = size + room;
    data = data.first(end_max > offset ? end_max - offset : 0);
  }
  node.data.write(offset, data);
  ++node.modification_count;
  if (const SimulatedNodePointer parent = node.parent.lock()) ++parent->change_count;
  if (is_full) return std::unexpected(posix_error(ENOSPC, kAction, path));
  return {};
}

Status SimulatedMachine::truncate(SimulatedNode& node, std::uint64_t size,
                                  const std::filesystem::path& path) {
  constexpr std::string_view kAction = "resize the file";
  DATAWAL_TRY(check_writable(path));
  if (size > kFileSizeMax) return std::unexpected(posix_error(EFBIG, kAction, path));
  const std::uint64_t old_size = node.data.size();
  if (size > old_size && size - old_size > room_for_growth()) {
    return std::unexpected(posix_error(ENOSPC, kAction, path));
  }
  node.data.truncate(size);
  ++node.modification_count;
  if (const SimulatedNodePointer parent = node.parent.lock()) ++parent->change_count;
  return {};
}

Error dead_process_error(const std::filesystem::path& path) {
  return Error{.code = ErrorCode::kIo,
               .message = "The process that had this open is dead. Open it again.",
               .path = path.string(),
               .os_error = EBADF};
}

}  // namespace datawal
