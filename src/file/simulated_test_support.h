// What the tests of the simulated filesystem share.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "file/simulated_filesystem.h"

namespace datawal {

// A machine whose disk holds nothing but the directory /store.
class SimulatedFilesystemTest : public testing::Test {
 protected:
  SimulatedFilesystemTest() {
    filesystem_.plant_directory("/store");
    directory_ = open_directory(filesystem_);
  }

  static std::unique_ptr<Directory> open_directory(SimulatedFilesystem& filesystem) {
    auto directory = filesystem.open_directory("/store");
    EXPECT_TRUE(directory) << directory.error().to_string();
    return directory ? *std::move(directory) : nullptr;
  }
  std::unique_ptr<File> create(std::string_view name, std::string_view text = "") {
    auto file = directory_->open(name, OpenMode::kCreateExclusive);
    EXPECT_TRUE(file) << file.error().to_string();
    EXPECT_TRUE((*file)->write_at(0, as_bytes(text)));
    return *std::move(file);
  }
  static std::set<std::string> names(const SimulatedFilesystem& filesystem,
                                     std::initializer_list<const char*> candidates) {
    std::set<std::string> found;
    for (const char* name : candidates) {
      if (filesystem.exists(std::filesystem::path("/store") / name)) found.insert(name);
    }
    return found;
  }
  static std::optional<std::string> text(const SimulatedFilesystem& filesystem, const char* name) {
    const auto bytes = filesystem.read_file(std::filesystem::path("/store") / name);
    return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
  }
  // The machine after a power cut, beside the one that goes on.
  std::unique_ptr<SimulatedFilesystem> crashed(PowerCut policy, std::uint64_t seed = 0) {
    auto copy = filesystem_.clone();
    copy->crash(policy, seed);
    return copy;
  }

  SimulatedFilesystem filesystem_;
  std::unique_ptr<Directory> directory_;
};

}  // namespace datawal
