// Runs a fuzz target over every file of the directories given, as libFuzzer would: the target
// aborts if an input shows a fault. A directory without a file fails, because it proves nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

bool replay(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string input{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.good() && !stream.eof()) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  // Named before it runs, so that the last line tells which input aborted.
  std::fprintf(stderr, "%s (%zu bytes)\n", path.c_str(), input.size());
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  bool good = argc > 1;
  for (int index = 1; index < argc; ++index) {
    const std::vector<std::filesystem::path> files = files_of(argv[index]);
    if (files.empty()) {
      std::fprintf(stderr, "no input in %s\n", argv[index]);
      good = false;
    }
    for (const std::filesystem::path& file : files) good = replay(file) && good;
  }
  return good ? 0 : 1;
}
