#include "log/segment_files.h"

#include <thread>

#include "log/log_test_support.h"

namespace datawal::segment_files_test {
namespace {

using test::FailsWith;
using test::must;

class SegmentFilesTest : public test::SimulatedLog {
 protected:
  SegmentFilesTest() {
    for (std::uint32_t id = 1; id <= 5; ++id) {
      write_segment(id, as_bytes(std::string(10, static_cast<char>('a' + id))));
    }
    directory_ = must(filesystem_.open_directory(kStore));
  }

  [[nodiscard]] static std::string text_in(const File& file) {
    std::string text(100, '\0');
    text.resize(must(file.read_at(0, std::as_writable_bytes(std::span(text)))));
    return text;
  }
  std::string get(SegmentFiles& files, std::uint32_t id) {
    return text_in(*must(files.get(SegmentId{id})));
  }

  std::shared_ptr<const Directory> directory_;
};

TEST_F(SegmentFilesTest, GivesTheFileOfASegment) {
  SegmentFiles files(directory_);
  EXPECT_EQ(get(files, 2), "cccccccccc");
  EXPECT_EQ(get(files, 1), "bbbbbbbbbb");
}

TEST_F(SegmentFilesTest, OpensAFileOnce) {
  SegmentFiles files(directory_);
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t id = 1; id <= 5; ++id) (void)get(files, id);
  }
  EXPECT_EQ(count(SimulatedCall::kOpen), 5U);
}

TEST_F(SegmentFilesTest, ClosesTheOneThatWasNotUsedForLongest) {
  SegmentFiles files(directory_, nullptr, 2);
  (void)get(files, 1);
  (void)get(files, 2);
  (void)get(files, 1);
  (void)get(files, 3);  // instead of 2
  filesystem_.reset_counts();
  (void)get(files, 1);
  (void)get(files, 3);
  EXPECT_EQ(count(SimulatedCall::kOpen), 0U);
  (void)get(files, 2);
  EXPECT_EQ(count(SimulatedCall::kOpen), 1U);
}

TEST_F(SegmentFilesTest, AFileThatIsInUseOutlivesBeingPushedOut) {
  SegmentFiles files(directory_, nullptr, 1);
  const std::shared_ptr<const File> first = must(files.get(SegmentId{1}));
  (void)get(files, 2);
  (void)get(files, 3);
  EXPECT_EQ(text_in(*first), "bbbbbbbbbb");
}

TEST_F(SegmentFilesTest, AMissingSegmentIsAnErrorThatNamesIt) {
  SegmentFiles files(directory_);
  const auto file = files.get(SegmentId{9});
  ASSERT_THAT(file, FailsWith(ErrorCode::kNotFound));
  EXPECT_EQ(file.error().path, "store/00000009.dwal");
}

TEST_F(SegmentFilesTest, AFailureIsNotRemembered) {
  SegmentFiles files(directory_);
  filesystem_.inject({.call = SimulatedCall::kOpen});
  EXPECT_THAT(files.get(SegmentId{1}), FailsWith(ErrorCode::kIo));
  EXPECT_EQ(get(files, 1), "bbbbbbbbbb");
}

TEST_F(SegmentFilesTest, ThreadsMayAskAtTheSameTime) {
  SegmentFiles files(directory_, nullptr, 2);
  std::vector<std::thread> threads;
  std::atomic<int> wrong_count = 0;
  for (std::uint32_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint32_t round = 0; round < 200; ++round) {
        const std::uint32_t id = 1 + (round * 7 + thread) % 5;
        if (get(files, id)[0] != static_cast<char>('a' + id)) ++wrong_count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong_count, 0);
}

}  // namespace
}  // namespace datawal::segment_files_test
