// What every File promises of reserved space and of mappings, on the real filesystem and on the
// simulated one.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "file/filesystem.h"
#include "file/posix_test_support.h"
#include "file/simulated_filesystem.h"

namespace datawal::file_mapping_test {
namespace {

constexpr std::uint64_t kReserved = 1 << 20;

template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return *std::move(result);
}

std::string content(const File& file, std::uint64_t offset, std::size_t size) {
  std::string text(size, '?');
  text.resize(must(file.read_at(offset, std::as_writable_bytes(std::span(text)))));
  return text;
}

// As a writer does: all but the first byte, then the first.
Status store(FileMapping& mapping, std::uint64_t offset, std::string_view text) {
  const MutableByteView bytes = mapping.at(offset, text.size());
  std::ranges::copy(as_bytes(text).subspan(1), bytes.begin() + 1);
  return mapping.publish(as_bytes(text).front());
}

class FileMappingContract : public testing::TestWithParam<bool> {
 protected:
  FileMappingContract() {
    if (GetParam()) simulated_.plant_directory("/tmp/place");
    directory_ = must(filesystem().open_directory(GetParam() ? "/tmp/place" : scratch_.path()));
    file_ = must(directory_->open("file", OpenMode::kCreateExclusive));
  }

  Filesystem& filesystem() { return GetParam() ? simulated_ : posix_filesystem(); }

  SimulatedFilesystem simulated_;
  test::ScratchDirectory scratch_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<File> file_;
};

TEST_P(FileMappingContract, ReservedSpaceIsZerosBehindTheOldEnd) {
  ASSERT_TRUE(file_->write_at(0, as_bytes("text")));
  EXPECT_TRUE(must(file_->reserve(kReserved)));
  EXPECT_EQ(must(file_->size()), kReserved);
  EXPECT_EQ(content(*file_, 0, 6), std::string("text\0\0", 6));
  EXPECT_EQ(content(*file_, kReserved - 2, 10), std::string(2, '\0'));
}

TEST_P(FileMappingContract, ReservingLessThanThereIsChangesNothing) {
  ASSERT_TRUE(file_->write_at(0, as_bytes("text")));
  EXPECT_TRUE(must(file_->reserve(2)));
  EXPECT_EQ(must(file_->size()), 4U);
}

TEST_P(FileMappingContract, WhatIsPreparedIsZerosAndNoMoreThanThat) {
  ASSERT_TRUE(must(file_->reserve(kReserved)));
  const auto mapping = file_->map(kReserved);
  ASSERT_NE(mapping, nullptr);
  ASSERT_TRUE(store(*mapping, 10, "stored"));
  // In the middle of a page that something is in.
  mapping->prepare(16, kReserved - 16);
  EXPECT_EQ(content(*file_, 10, 8), std::string("stored\0\0", 8));
  EXPECT_EQ(content(*file_, 16, kReserved), std::string(kReserved - 16, '\0'));
  EXPECT_EQ(must(file_->size()), kReserved);
  ASSERT_TRUE(store(*mapping, 16, " behind"));
  EXPECT_EQ(content(*file_, 10, 13), "stored behind");
}

TEST_P(FileMappingContract, WhatIsStoredIsInTheFile) {
  ASSERT_TRUE(must(file_->reserve(kReserved)));
  const auto mapping = file_->map(kReserved);
  ASSERT_NE(mapping, nullptr);
  mapping->prepare(0, kReserved);
  ASSERT_TRUE(store(*mapping, 10, "stored"));
  EXPECT_EQ(content(*file_, 10, 6), "stored");
  const auto other = must(directory_->open("file", OpenMode::kRead));
  EXPECT_EQ(content(*other, 9, 8), std::string("\0stored\0", 8));
  EXPECT_TRUE(file_->sync());
  EXPECT_EQ(must(file_->size()), kReserved);
}

TEST_P(FileMappingContract, WritesAndStoresAreOfOneFile) {
  ASSERT_TRUE(must(file_->reserve(kReserved)));
  const auto mapping = file_->map(kReserved);
  ASSERT_TRUE(file_->write_at(0, as_bytes("written")));
  ASSERT_TRUE(store(*mapping, 7, " stored"));
  ASSERT_TRUE(file_->write_at(14, as_bytes(" written")));
  EXPECT_EQ(content(*file_, 0, 22), "written stored written");
}

TEST_P(FileMappingContract, TheFirstByteComesLast) {
  ASSERT_TRUE(must(file_->reserve(kReserved)));
  const auto mapping = file_->map(kReserved);
  const MutableByteView bytes = mapping->at(0, 3);
  bytes[1] = std::byte{'b'};
  bytes[2] = std::byte{'c'};
  EXPECT_EQ(content(*file_, 0, 1), std::string(1, '\0'));
  ASSERT_TRUE(mapping->publish(std::byte{'a'}));
  EXPECT_EQ(content(*file_, 0, 3), "abc");
}

TEST_P(FileMappingContract, AMappingMayReachBeyondTheEndOfTheFile) {
  ASSERT_TRUE(must(file_->reserve(kReserved)));
  const auto mapping = file_->map(64 * kReserved);
  ASSERT_NE(mapping, nullptr);
  ASSERT_TRUE(must(file_->reserve(2 * kReserved)));
  ASSERT_TRUE(store(*mapping, kReserved + 5, "behind"));
  EXPECT_EQ(content(*file_, kReserved + 5, 6), "behind");
}

TEST_P(FileMappingContract, AMappingOutlivesItsFile) {
  ASSERT_TRUE(must(file_->reserve(kReserved)));
  const auto mapping = file_->map(kReserved);
  file_.reset();
  ASSERT_TRUE(store(*mapping, 0, "late"));
  EXPECT_EQ(content(*must(directory_->open("file", OpenMode::kRead)), 0, 4), "late");
}

INSTANTIATE_TEST_SUITE_P(Both, FileMappingContract, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Simulated" : "Posix");
});

TEST(FileMapping, ADiskThatIsTooFullReservesNothingAndKeepsTheFile) {
  SimulatedFilesystem filesystem;
  filesystem.plant_directory("/tmp");
  filesystem.set_capacity(1000);
  const auto directory = must(filesystem.open_directory("/tmp"));
  const auto file = must(directory->open("file", OpenMode::kCreateExclusive));
  ASSERT_TRUE(file->write_at(0, as_bytes("text")));
  EXPECT_FALSE(must(file->reserve(1001)));
  EXPECT_EQ(must(file->size()), 4U);
  EXPECT_TRUE(must(file->reserve(1000)));
}

TEST(FileMapping, AFullTmpfsReservesNothingAndGivesBackWhatItHad) {
  const test::ScratchDirectory scratch;
  const std::string outcome = test::run_in_child([&]() -> std::string {
    const std::string trouble = test::mount_tmpfs(scratch.path(), "1m");
    if (!trouble.empty()) return trouble;
    const auto directory = must(posix_filesystem().open_directory(scratch.path()));
    const auto file = must(directory->open("file", OpenMode::kCreateExclusive));
    if (must(file->reserve(2 << 20))) return "reserved";
    if (must(file->size()) != 0) return "grown";
    const std::string most(900 << 10, 'x');
    if (!file->write_at(0, as_bytes(most))) return "no room was given back";
    return must(file->reserve(950 << 10)) ? "ok" : "not reserved";
  });
  EXPECT_EQ(outcome, "ok");
}

}  // namespace
}  // namespace datawal::file_mapping_test
