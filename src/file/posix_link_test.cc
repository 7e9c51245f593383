// Links and exchanges where the operating system has none.
#include <gtest/gtest.h>

#include "file/filesystem.h"
#include "file/posix_test_support.h"

namespace datawal::posix_link_test {
namespace {

using test::with_failing_call;

std::unique_ptr<Directory> open_directory(const std::filesystem::path& path) {
  return posix_filesystem().open_directory(path).value();
}

TEST(PosixLink, IsFalseWhereThereCannotBeOne) {
  for (const int os_error : {EXDEV, EMLINK, EPERM, EACCES, EOPNOTSUPP, ENOSYS, ENOENT}) {
    const test::ScratchDirectory scratch;
    test::write_text(scratch / "file", "text");
    const auto directory = open_directory(scratch.path());
    const auto file = directory->open("file", OpenMode::kRead).value();
    Result<bool> linked = true;
    EXPECT_EQ(
        with_failing_call(SYS_linkat, os_error, [&] { linked = directory->link(*file, "other"); }),
        "");
    EXPECT_TRUE(linked && !*linked) << os_error;
    EXPECT_FALSE(std::filesystem::exists(scratch / "other"));
  }
}

TEST(PosixLink, SaysWhatElseIsWrong) {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "file", "text");
  const auto directory = open_directory(scratch.path());
  const auto file = directory->open("file", OpenMode::kRead).value();
  Result<bool> linked = true;
  EXPECT_EQ(
      with_failing_call(SYS_linkat, ENOSPC, [&] { linked = directory->link(*file, "other"); }), "");
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(linked.error().path, (scratch / "other").string());
}

TEST(PosixLink, DoesNotReachIntoAnotherFilesystem) {
  const test::ScratchDirectory scratch;
  const auto body = [&]() -> std::string {
    std::filesystem::create_directory(scratch / "mount");
    if (std::string trouble = test::mount_tmpfs(scratch / "mount", "1m"); !trouble.empty()) {
      return trouble;
    }
    test::write_text(scratch / "file", "text");
    const auto file = open_directory(scratch.path())->open("file", OpenMode::kRead).value();
    const Result<bool> linked = open_directory(scratch / "mount")->link(*file, "file");
    return linked ? (*linked ? "linked" : "no link") : linked.error().to_string();
  };
  EXPECT_EQ(test::run_in_child(body), "no link");
}

TEST(PosixExchange, SaysWhereItCannotBeDone) {
  for (const int os_error : {EINVAL, ENOSYS}) {
    const test::ScratchDirectory scratch;
    test::write_text(scratch / "a", "1");
    test::write_text(scratch / "b", "2");
    const auto directory = open_directory(scratch.path());
    Status exchanged;
    EXPECT_EQ(with_failing_call(SYS_renameat2, os_error,
                                [&] { exchanged = directory->exchange("a", "b"); }),
              "");
    ASSERT_FALSE(exchanged);
    EXPECT_EQ(exchanged.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(test::read_text(scratch / "a"), "1");
  }
}

}  // namespace
}  // namespace datawal::posix_link_test
