#include "scratch.h"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace datawal::compat {

namespace fs = std::filesystem;

Scratch::Scratch(Medium medium) {
  const fs::path memory = "/dev/shm";
  const bool in_memory = medium == Medium::kMemory && access(memory.c_str(), W_OK) == 0;
  const fs::path parent = in_memory ? memory : fs::temp_directory_path();
  std::string pattern = (parent / "datawal-compat-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path Scratch::fresh(const std::string& stem) {
  return path_ / (stem + std::to_string(count_++));
}

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return to_bytes(as_bytes(text));
}

void write_file(const fs::path& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::string segment_file(std::uint32_t id) {
  const std::string digits = std::to_string(id);
  return std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits + ".dwal";
}

Bytes read_segment(const fs::path& directory, std::uint32_t id) {
  return read_file(directory / segment_file(id));
}

std::vector<std::string> all_names(const fs::path& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> segment_names(const fs::path& directory) {
  std::vector<std::string> names = all_names(directory);
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".dwal"); });
  return names;
}

void copy_store(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    if (entry.is_regular_file()) fs::copy_file(entry.path(), to / entry.path().filename());
  }
}

std::vector<fs::path> quarantine_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const std::string& name : all_names(directory)) {
    if (name.ends_with(".quarantine")) files.push_back(directory / name);
  }
  return files;
}

}  // namespace datawal::compat
