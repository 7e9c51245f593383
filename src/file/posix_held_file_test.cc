#include "file/posix_held_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "file/posix_test_support.h"

namespace datawal::posix_held_file_test {
namespace {

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

class PosixHeldFileTest : public testing::Test {
 protected:
  PosixHeldFileTest() { directory_ = must(posix_filesystem().open_directory(scratch_.path())); }

  // Holds what is in the file of this name, which is open nowhere then.
  std::unique_ptr<const File> hold(std::string_view name) {
    return must(directory_->open(name, OpenMode::kRead))->hold();
  }
  std::unique_ptr<const File> hold_text(std::string_view text) {
    test::write_text(scratch_ / "file", text);
    return hold("file");
  }
  static std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  }

  test::ScratchDirectory scratch_;
  std::unique_ptr<Directory> directory_;
};

TEST_F(PosixHeldFileTest, ReadsWhatTheFileHas) {
  const auto held = hold_text("0123456789");
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(must(held->size()), 10U);
  EXPECT_EQ(content(*held, 0, 10), "0123456789");
  EXPECT_EQ(content(*held, 4, 3), "456");
  EXPECT_EQ(content(*held, 8, 100), "89");
  EXPECT_EQ(content(*held, 10, 1), "");
  EXPECT_EQ(content(*held, ~std::uint64_t{0}, 1), "");
  EXPECT_EQ(held->identity(), must(directory_->open("file", OpenMode::kRead))->identity());
}

TEST_F(PosixHeldFileTest, ReadsManyPages) {
  std::string text(3'000'000, '\0');
  for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<char>(at * 7 / 5);
  const auto held = hold_text(text);
  ASSERT_NE(held, nullptr);
  EXPECT_TRUE(content(*held, 0, text.size()) == text);
  EXPECT_TRUE(content(*held, 4'095, 2'000'000) == text.substr(4'095, 2'000'000));
}

TEST_F(PosixHeldFileTest, StaysWhatItWasWhenItsNameIsGivenToAnother) {
  const auto held = hold_text("before");
  ASSERT_NE(held, nullptr);
  test::write_text(scratch_ / "another", "behind");
  std::filesystem::rename(scratch_ / "another", scratch_ / "file");
  EXPECT_EQ(content(*held, 0, 6), "before");
  std::filesystem::remove(scratch_ / "file");
  EXPECT_EQ(content(*held, 0, 6), "before");
}

TEST_F(PosixHeldFileTest, KeepsItsInodeFromOthers) {
  const auto held = hold_text("");
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(content(*held, 0, 1), "");
  std::filesystem::remove(scratch_ / "file");
  for (int number = 0; number < 100; ++number) {
    const std::string name = std::to_string(number);
    test::write_text(scratch_ / name, name);
    const auto other = must(directory_->open(name, OpenMode::kRead));
    EXPECT_FALSE(other->identity()->is_same_file(*held->identity()));
  }
}

TEST_F(PosixHeldFileTest, ACutIsAnErrorAndNoSignal) {
  const auto held = hold_text(std::string(100'000, 'x'));
  ASSERT_NE(held, nullptr);
  std::filesystem::resize_file(scratch_ / "file", 0);
  std::string text(100'000, '?');
  const auto read = held->read_at(0, std::as_writable_bytes(std::span(text)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kIo);
  EXPECT_NE(read.error().message.find("cut"), std::string::npos) << read.error().message;
}

TEST_F(PosixHeldFileTest, TakesNoDescriptor) {
  test::write_text(scratch_ / "file", "text");
  const std::ptrdiff_t before = open_descriptors();
  std::vector<std::unique_ptr<const File>> held;
  for (int count = 0; count < 2'000; ++count) held.push_back(hold("file"));
  EXPECT_TRUE(std::ranges::none_of(held, [](const auto& file) { return file == nullptr; }));
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(PosixHeldFileTest, ThereAreSoManyAtMost) {
  test::write_text(scratch_ / "file", "text");
  const auto file = must(directory_->open("file", OpenMode::kRead));
  std::vector<std::unique_ptr<const File>> held;
  for (std::size_t count = 0; count < PosixHeldFile::kCountMax; ++count) {
    held.push_back(file->hold());
    ASSERT_NE(held.back(), nullptr) << count;
  }
  EXPECT_EQ(file->hold(), nullptr);
  held.pop_back();
  EXPECT_NE(file->hold(), nullptr);
}

TEST_F(PosixHeldFileTest, IsNotToBeHadWhereAddressSpaceIsScarce) {
  test::write_text(scratch_ / "file", "text");
  const std::string outcome = test::run_in_child([&]() -> std::string {
    rlimit limit = {};
    if (::getrlimit(RLIMIT_AS, &limit) != 0) return "no limit to be had";
    limit.rlim_cur = RLIM_INFINITY - 1;
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return "no limit to be set";
    return hold("file") == nullptr ? "none" : "held";
  });
  EXPECT_EQ(outcome, "none");
}

TEST_F(PosixHeldFileTest, IsNotToBeHadWhereTheKernelMayNotCopy) {
  test::write_text(scratch_ / "file", "text");
  const std::string trouble = test::with_failing_call(SYS_process_vm_readv, EPERM,
                                                      [&] { EXPECT_EQ(hold("file"), nullptr); });
  EXPECT_EQ(trouble, "");
  EXPECT_NE(hold("file"), nullptr);
}

}  // namespace
}  // namespace datawal::posix_held_file_test
