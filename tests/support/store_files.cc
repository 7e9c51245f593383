#include "support/store_files.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "datawal/frame.h"
#include "format/names.h"

namespace datawal::test {

Files files_in(SimulatedFilesystem& filesystem, const std::filesystem::path& directory) {
  Files files;
  for (const std::string& name : names_in(filesystem, directory)) {
    if (name.starts_with('.')) continue;
    if (auto bytes = filesystem.read_file(directory / name)) files[name] = *std::move(bytes);
  }
  return files;
}

std::vector<std::string> names_in(SimulatedFilesystem& filesystem,
                                  const std::filesystem::path& directory) {
  // A machine of its own, so that looking is not counted and does not fail.
  const auto observer = filesystem.clone();
  const auto opened = observer->open_directory(directory);
  if (!opened) return {};
  const auto entries = (*opened)->list();
  EXPECT_TRUE(entries) << entries.error().to_string();
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
  std::ranges::sort(names);
  return names;
}

void plant_segment(SimulatedFilesystem& filesystem, const std::filesystem::path& store,
                   std::uint32_t id, const Bytes& bytes) {
  filesystem.write_file(store / segment_name(SegmentId{id}), bytes);
}

std::vector<Bytes> frames_of(ByteView segment) {
  std::vector<Bytes> frames;
  while (!segment.empty()) {
    const DecodeOutcome outcome = decode_frame(segment);
    const auto* frame = std::get_if<DecodedFrame>(&outcome);
    if (frame == nullptr) break;
    frames.push_back(to_bytes(segment.first(frame->size)));
    segment = segment.subspan(frame->size);
  }
  return frames;
}

Options options_for(SimulatedFilesystem& filesystem) {
  Options options;
  options.create_if_missing = false;
  options.filesystem = &filesystem;
  return options;
}

}  // namespace datawal::test
