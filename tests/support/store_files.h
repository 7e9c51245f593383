// A store in a simulated filesystem, looked at and planted from outside.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/record_log.h"
#include "file/simulated_filesystem.h"

namespace datawal::test {

// The regular files of a directory by name, without those whose name begins with a dot.
using Files = std::map<std::string, Bytes>;

[[nodiscard]] Files files_in(SimulatedFilesystem& filesystem,
                             const std::filesystem::path& directory);

// The names of all entries of a directory, sorted.
[[nodiscard]] std::vector<std::string> names_in(SimulatedFilesystem& filesystem,
                                                const std::filesystem::path& directory);

// Makes `bytes` segment `id` of the store.
void plant_segment(SimulatedFilesystem& filesystem, const std::filesystem::path& store,
                   std::uint32_t id, const Bytes& bytes);

// The intact frames of a segment as they stand, one after the other, up to the first place where
// none decodes.
[[nodiscard]] std::vector<Bytes> frames_of(ByteView segment);

// The options to open something in `filesystem` without creating it.
[[nodiscard]] Options options_for(SimulatedFilesystem& filesystem);

}  // namespace datawal::test
