#include "tools/lock_state.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <ranges>
#include <vector>

#include "tools/arguments.h"

namespace datawal::cli {
namespace {

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return std::nullopt;
  return text;
}

template <typename Number>
std::optional<Number> parse_whole(std::string_view text, int base) {
  Number number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (const auto part : std::views::split(text, separator)) {
    if (!part.empty()) parts.emplace_back(part.begin(), part.end());
  }
  return parts;
}

// "1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF"; a waiting one has "->" behind its number.
struct LockLine {
  std::uint64_t process = 0;
  LockFile file = {};
};

std::optional<LockLine> parse_line(std::string_view line) {
  const std::vector<std::string_view> fields = split(line, ' ');
  if (fields.size() < 6 || fields[1] != "FLOCK") return std::nullopt;
  const std::vector<std::string_view> place = split(fields[5], ':');
  if (place.size() != 3) return std::nullopt;
  const auto process = parse_whole<std::uint64_t>(fields[4], 10);
  const auto device_major = parse_whole<std::uint32_t>(place[0], 16);
  const auto device_minor = parse_whole<std::uint32_t>(place[1], 16);
  const auto inode = parse_whole<std::uint64_t>(place[2], 10);
  if (!device_major || !device_minor || !inode) return std::nullopt;
  return LockLine{
      .process = process.value_or(0),  // a process of another namespace has no number
      .file = {.device_major = *device_major, .device_minor = *device_minor, .inode = *inode}};
}

}  // namespace

LockState find_lock(std::string_view table, const LockFile& file) {
  for (const std::string_view line : split(table, '\n')) {
    const std::optional<LockLine> lock = parse_line(line);
    if (!lock || lock->file.inode != file.inode) continue;
    const bool same_device = lock->file.device_major == file.device_major &&
                             lock->file.device_minor == file.device_minor;
    if (!same_device && file.process != lock->process) continue;
    LockState state = {.holding = LockHolding::kHeld, .process = file.process};
    if (lock->process != 0) state.process = lock->process;
    return state;
  }
  return {.holding = LockHolding::kFree, .process = {}};
}

LockState lock_state(const std::string& store) {
  const std::string path = store + "/.lock";
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    return {.holding = errno == ENOENT ? LockHolding::kFree : LockHolding::kUnknown, .process = {}};
  }
  const std::optional<std::string> table = read_text("/proc/locks");
  if (!table) return {};
  LockFile file = {.device_major = major(status.st_dev),
                   .device_minor = minor(status.st_dev),
                   .inode = status.st_ino};
  if (S_ISREG(status.st_mode)) {
    const std::string content = read_text(path).value_or("");
    file.process = parse_number(content.substr(0, content.find('\n')));
  }
  return find_lock(*table, file);
}

}  // namespace datawal::cli
