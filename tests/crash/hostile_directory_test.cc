// Directories in which not everything is as it should be: other things under the names of a store's
// files, no permission, media that are read-only, parents that are missing.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "datawal/record_log_reader.h"
#include "file/posix_test_support.h"
#include "support/records.h"

namespace datawal::test::hostile_directory_test {
namespace {

using Path = std::filesystem::path;

struct Stranger {
  const char* name;
  void (*make)(const Path& place, const Path& elsewhere);
};

void PrintTo(const Stranger& stranger, std::ostream* stream) {
  *stream << stranger.name;
}

void make_directory(const Path& place, const Path&) {
  std::filesystem::create_directory(place);
}
void make_fifo(const Path& place, const Path&) {
  if (::mkfifo(place.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
}
void make_link(const Path& place, const Path& elsewhere) {
  std::filesystem::create_symlink(elsewhere, place);
}
void make_dangling_link(const Path& place, const Path&) {
  std::filesystem::create_symlink("nowhere", place);
}
void make_socket(const Path& place, const Path&) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  place.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("bind");
  }
}

class StrangerTest : public ::testing::TestWithParam<Stranger> {
 protected:
  StrangerTest() {
    test::write_text(elsewhere_, kContent);
    const Result<DataWal> store = DataWal::open(store_);
    if (!store) throw std::runtime_error(store.error().to_string());
  }

  void plant(std::string_view name) {
    std::filesystem::remove(store_ / name);
    GetParam().make(store_ / name, elsewhere_);
  }

  void expect_refused(std::string_view name, const std::optional<Error>& error) {
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->code, ErrorCode::kNotRegularFile) << error->to_string();
    EXPECT_NE(error->path.find(name), std::string::npos) << error->to_string();
  }

  void TearDown() override { EXPECT_EQ(test::read_text(elsewhere_), kContent); }

  static constexpr std::string_view kContent = "somebody's precious bytes";
  const test::ScratchDirectory scratch_;
  Path elsewhere_ = scratch_ / "elsewhere";
  Path store_ = scratch_ / "store";
};

template <typename T>
std::optional<Error> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

TEST_P(StrangerTest, AsTheOnlySegmentIsRefused) {
  plant("00000001.dwal");
  expect_refused("00000001.dwal", error_of(DataWal::open(store_)));
}

TEST_P(StrangerTest, AsALaterSegmentIsRefused) {
  plant("00000007.dwal");
  expect_refused("00000007.dwal", error_of(DataWal::open(store_)));
}

TEST_P(StrangerTest, AsTheNextSegmentIsLeftAlone) {
  Result<DataWal> store = DataWal::open(store_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->put(as_bytes("key"), as_bytes("value")));
  ASSERT_TRUE(store->sync());
  plant("00000002.dwal");
  const Status rotated = store->rotate();
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().code, ErrorCode::kAlreadyExists) << rotated.error().to_string();
  EXPECT_TRUE(store->is_poisoned());
  store = DataWal::open(scratch_ / "another");
  std::filesystem::remove(store_ / "00000002.dwal");
  store = DataWal::open(store_);
  ASSERT_TRUE(store);
  EXPECT_EQ((*store->get(as_bytes("key")))->text(), "value");
}

TEST_P(StrangerTest, AsTheLockIsRefused) {
  plant(".lock");
  expect_refused(".lock", error_of(DataWal::open(store_)));
}

TEST_P(StrangerTest, AsTheSidecarIsRefused) {
  plant("watermark");
  expect_refused("watermark", error_of(DataWal::open(store_)));
}

TEST_P(StrangerTest, UnderAQuarantineNameIsPassedBy) {
  const Bytes torn(10, std::byte{'D'});
  test::write_text(store_ / "00000001.dwal", as_text(torn));
  plant("00000001.dwal.0.quarantine");
  const Result<DataWal> store = DataWal::open(store_);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->recovery_report().tail.quarantine, "00000001.dwal.0.2.quarantine");
  EXPECT_EQ(test::read_text(store_ / "00000001.dwal.0.2.quarantine"), as_text(torn));
}

INSTANTIATE_TEST_SUITE_P(, StrangerTest,
                         ::testing::Values(Stranger{"Directory", make_directory},
                                           Stranger{"Fifo", make_fifo},
                                           Stranger{"Symlink", make_link},
                                           Stranger{"DanglingSymlink", make_dangling_link},
                                           Stranger{"Socket", make_socket}),
                         [](const auto& instance) { return std::string(instance.param.name); });

// A second name of a file may be somebody's snapshot: reading it harms nobody, writing would.
class SecondName : public ::testing::TestWithParam<const char*> {
 protected:
  SecondName() {
    Result<DataWal> store = DataWal::open(store_);
    if (!store || !store->put(as_bytes("key"), as_bytes("value")) || !store->close()) {
      throw std::runtime_error("store");
    }
    std::filesystem::create_hard_link(store_ / GetParam(), scratch_ / "snapshot");
    snapshot_ = test::read_text(scratch_ / "snapshot");
  }

  const test::ScratchDirectory scratch_;
  Path store_ = scratch_ / "store";
  std::string snapshot_;
};

TEST_P(SecondName, OfAFileIsReadAndNotWritten) {
  const Result<DataWal> looked_at = DataWal::open_read_only(store_);
  ASSERT_TRUE(looked_at) << looked_at.error().to_string();
  EXPECT_EQ((*looked_at->get(as_bytes("key")))->text(), "value");
  Result<DataWal> store = DataWal::open(store_);
  std::optional<Error> error = error_of(store);
  if (store) {
    EXPECT_EQ((*store->get(as_bytes("key")))->text(), "value");
    error = error_of(store->put(as_bytes("key"), as_bytes("new")));
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kNotRegularFile) << error->to_string();
  EXPECT_NE(error->path.find(GetParam()), std::string::npos) << error->to_string();
  EXPECT_EQ(test::read_text(scratch_ / "snapshot"), snapshot_);
}

INSTANTIATE_TEST_SUITE_P(, SecondName, ::testing::Values("00000001.dwal", "watermark", ".lock"),
                         [](const auto& instance) {
                           const std::string name = instance.param;
                           return name.starts_with('0') ? "Segment"
                                  : name == ".lock"     ? "Lock"
                                                        : "Watermark";
                         });

// A store with one record, and a torn one behind it.
void make_torn_store(const Path& path) {
  {
    Result<DataWal> store = DataWal::open(path);
    if (!store || !store->put(as_bytes("key"), as_bytes("value")))
      throw std::runtime_error("store");
    if (!store->sync() || !store->put(as_bytes("key"), as_bytes("torn"))) {
      throw std::runtime_error("store");
    }
  }
  // As if it had been killed: without the clean mark of a writer that was closed.
  std::filesystem::remove(path / "watermark");
  std::filesystem::resize_file(path / "00000001.dwal",
                               std::filesystem::file_size(path / "00000001.dwal") - 1);
}

// "" if the store reads as it should for somebody who may not write.
std::string read_torn_store(const Path& path) {
  const Result<DataWal> store = DataWal::open_read_only(path);
  if (!store) return store.error().to_string();
  const auto value = store->get(as_bytes("key"));
  if (!value || !*value || (*value)->text() != "value") return "get";
  if (store->recovery_report().tail_truncated != 1) return "the tail is not reported";
  const Result<RecordLogReader> reader = RecordLogReader::open(path);
  if (!reader || reading_of(reader->scan()).records.size() != 1) return "reader";
  const Result<VerifyReport> verified = verify(path);
  if (!verified || verified->frames_checked != 1) return "verify";
  return "";
}

std::string outcome(const std::optional<Error>& error) {
  if (!error) return "ok";
  return std::string(error_code_name(error->code)) + " " + std::to_string(error->os_error);
}

TEST(ReadOnlyMedia, AreReadAndNotWritten) {
  const test::ScratchDirectory scratch;
  const std::string found = test::run_in_child([&]() -> std::string {
    std::string trouble = test::mount_tmpfs(scratch.path(), "4m");
    if (!trouble.empty()) return trouble;
    make_torn_store(scratch / "store");
    trouble = test::remount_read_only(scratch.path());
    if (!trouble.empty()) return trouble;
    const Result<DataWal> store = DataWal::open_read_only(scratch / "store");
    return "open " + outcome(error_of(DataWal::open(scratch / "store"))) + ", new " +
           outcome(error_of(DataWal::open(scratch / "new"))) + ", export " +
           outcome(error_of(store->export_jsonl(scratch / "file"))) + ", compact " +
           outcome(error_of(store->compact_to(scratch / "copy"))) + ", read " +
           read_torn_store(scratch / "store");
  });
  const std::string refused = "Io " + std::to_string(EROFS);
  EXPECT_EQ(found, "open " + refused + ", new " + refused + ", export " + refused + ", compact " +
                       refused + ", read ");
}

TEST(Permissions, AStoreThatMayOnlyBeReadIsRead) {
  const test::ScratchDirectory scratch;
  make_torn_store(scratch / "store");
  const auto read_only = std::filesystem::perms{0555};
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(scratch / "store", read_only);
  for (const auto& entry : std::filesystem::directory_iterator(scratch / "store")) {
    std::filesystem::permissions(entry.path(), std::filesystem::perms{0444});
  }
  const std::string found = test::run_in_child([&] {
    test::become_nobody();
    return "open " + outcome(error_of(DataWal::open(scratch / "store"))) + ", read " +
           read_torn_store(scratch / "store");
  });
  EXPECT_EQ(found, "open Io " + std::to_string(EACCES) + ", read ");
}

TEST(Permissions, WhatMayNotBeReadIsAnErrorAndNotAnEmptyStore) {
  const test::ScratchDirectory scratch;
  make_torn_store(scratch / "store");
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0755});
  const auto look = [&] {
    return test::run_in_child([&] {
      test::become_nobody();
      return outcome(error_of(DataWal::open_read_only(scratch / "store")));
    });
  };
  const std::string refused = "Io " + std::to_string(EACCES);
  std::filesystem::permissions(scratch / "store" / "00000001.dwal", std::filesystem::perms{0});
  EXPECT_EQ(look(), refused);
  std::filesystem::permissions(scratch / "store", std::filesystem::perms{0});
  EXPECT_EQ(look(), refused);
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0});
  EXPECT_EQ(look(), refused);
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0700});
  std::filesystem::permissions(scratch / "store", std::filesystem::perms{0700});
}

TEST(Permissions, AStoreIsNotMadeWhereThatIsNotAllowed) {
  const test::ScratchDirectory scratch;
  std::filesystem::permissions(scratch.path(), std::filesystem::perms{0555});
  const std::string found = test::run_in_child([&] {
    test::become_nobody();
    return outcome(error_of(DataWal::open(scratch / "a" / "store")));
  });
  EXPECT_EQ(found, "Io " + std::to_string(EACCES));
}

TEST(Parents, ThatAreMissingAreMade) {
  const test::ScratchDirectory scratch;
  const Path path = scratch / "a" / "b" / "c" / "store";
  Options options;
  options.create_if_missing = false;
  EXPECT_EQ(outcome(error_of(DataWal::open(path, options))), "NotFound " + std::to_string(ENOENT));
  EXPECT_FALSE(std::filesystem::exists(scratch / "a"));
  {
    Result<DataWal> store = DataWal::open(path);
    ASSERT_TRUE(store) << store.error().to_string();
    ASSERT_TRUE(store->put(as_bytes("key"), as_bytes("value")));
    ASSERT_TRUE(store->export_jsonl(scratch / "d" / "e" / "export.jsonl"));
    ASSERT_TRUE(store->compact_to(scratch / "f" / "g" / "copy"));
  }
  EXPECT_EQ(DataWal::open(path)->size(), 1U);
  EXPECT_EQ(DataWal::open(scratch / "f" / "g" / "copy")->size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(scratch / "d" / "e" / "export.jsonl"));
}

TEST(Parents, ThatAreNoDirectoriesAreNamed) {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "file", "x");
  const Result<DataWal> store = DataWal::open(scratch / "file" / "store");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kInvalidArgument) << store.error().to_string();
  EXPECT_EQ(test::read_text(scratch / "file"), "x");
}

}  // namespace
}  // namespace datawal::test::hostile_directory_test
