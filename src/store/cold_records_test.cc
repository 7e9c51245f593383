// Records whose pages are on the disk only.
#include "store/cold_records.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "file/filesystem.h"
#include "file/posix_test_support.h"
#include "file/read_ahead.h"
#include "log/log_test_support.h"

namespace datawal::cold_records_test {
namespace {

using test::must;

constexpr std::size_t kPageSize = 4096;

bool is_in_memory(ByteView page) {
  std::array<unsigned char, 1> answer = {};
  EXPECT_EQ(::mincore(const_cast<std::byte*>(page.data()), kPageSize, answer.data()), 0);
  return (answer[0] & 1) != 0;
}

// Has the system forget what it keeps in memory of the files there.
void forget_pages(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const UniqueFd file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::fsync(file.get()), 0);
    ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
  }
}

class ColdFile : public testing::Test {
 protected:
  static constexpr std::size_t kPageCount = 2'048;

  ColdFile() {
    test::write_text(scratch_ / "file", std::string(kPageCount * kPageSize, 'x'));
    forget();
    directory_ = must(posix_filesystem().open_directory(scratch_.path()));
    file_ = must(directory_->open("file", OpenMode::kRead));
    view_ = file_->view(kPageCount * kPageSize);
    // Where the files are in memory anyway, nothing is ever cold.
    can_be_cold_ = !is_in_memory(page(kPageCount - 1));
  }

  void forget() { forget_pages(scratch_.path()); }
  [[nodiscard]] ByteView page(std::size_t number) const {
    return view_->bytes().subspan(number * kPageSize, kPageSize);
  }

  test::ScratchDirectory scratch_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<File> file_;
  std::unique_ptr<FileView> view_;
  bool can_be_cold_ = false;
};

TEST_F(ColdFile, IsReadWhereItIsNotInMemoryAndOnlyThere) {
  EXPECT_EQ(begin_reading(page(7).subspan(100, 64)), can_be_cold_);
  EXPECT_EQ(page(7).front(), std::byte{'x'});
  EXPECT_FALSE(begin_reading(page(7).subspan(100, 64)));
  // Of two pages, one is.
  EXPECT_EQ(begin_reading(view_->bytes().subspan(8 * kPageSize - 32, 64)), can_be_cold_);
  EXPECT_EQ(page(8).front(), std::byte{'x'});
  EXPECT_FALSE(begin_reading(view_->bytes().subspan(8 * kPageSize - 32, 64)));
}

TEST_F(ColdFile, PagesThatAreWaitedForAreCounted) {
  const std::uint64_t before = awaited_page_count();
  std::uint64_t sum = 0;
  for (std::size_t number = 0; number < kPageCount; number += 64) {
    sum += std::to_integer<std::uint64_t>(page(number).front());
  }
  EXPECT_EQ(sum, kPageCount / 64 * 'x');
  const std::uint64_t count = awaited_page_count() - before;
  EXPECT_EQ(count > 0, can_be_cold_) << count;
}

TEST_F(ColdFile, AreLikelyToBeColdWhileMostHaveToBeRead) {
  ColdRecords cold;
  const auto read_all = [&] {
    for (std::size_t number = 0; number < kPageCount; ++number) {
      cold.announce(LogAddress{number}, page(number).first(64));
      EXPECT_EQ(page(number).front(), std::byte{'x'});
    }
  };
  read_all();
  EXPECT_EQ(cold.are_likely(), can_be_cold_);
  read_all();
  EXPECT_FALSE(cold.are_likely());
}

std::string key_of(std::size_t number) {
  return "key " + std::to_string(number);
}

// Twice as many puts are pending then, and what they replace is read in advance.
TEST(ColdStore, TakesPutsOverAsAWarmOneDoes) {
  constexpr std::size_t kKeyCount = 3'000;
  constexpr unsigned kSeed = 12;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const test::ScratchDirectory directory;
  DataWal store = must(DataWal::open(directory.path()));
  const std::string old(kPageSize, 'o');
  for (std::size_t key = 0; key < kKeyCount; ++key) {
    must(store.put(as_bytes(key_of(key)), as_bytes(old)));
  }
  must(store.close());
  forget_pages(directory.path());

  store = must(DataWal::open(directory.path()));
  std::vector<std::string> expected(kKeyCount, old);
  for (std::size_t step = 0; step < 2 * kKeyCount; ++step) {
    const std::size_t key = random() % kKeyCount;
    expected[key] = "new " + std::to_string(step);
    must(store.put(as_bytes(key_of(key)), as_bytes(expected[key])));
    if (step % 16 != 0) continue;
    EXPECT_EQ(must(store.get(as_bytes(key_of(key))))->text(), expected[key]) << "step " << step;
  }
  EXPECT_EQ(store.size(), kKeyCount);
  const auto check = [&] {
    for (std::size_t key = 0; key < kKeyCount; ++key) {
      ASSERT_EQ(must(store.get(as_bytes(key_of(key))))->text(), expected[key]) << key;
    }
  };
  check();
  must(store.close());
  store = must(DataWal::open(directory.path()));
  EXPECT_EQ(store.size(), kKeyCount);
  check();
}

}  // namespace
}  // namespace datawal::cold_records_test
