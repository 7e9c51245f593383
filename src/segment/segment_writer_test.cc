#include "segment/segment_writer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "file/posix_test_support.h"
#include "file/simulated_filesystem.h"
#include "segment/segment_reader.h"

namespace datawal::segment_writer_test {
namespace {

constexpr std::uint64_t kSizeMax = std::uint64_t{4} << 20;

// A segment on a simulated disk, and the policy that most tests have: everything is stored.
class SegmentWriterTest : public testing::Test {
 protected:
  SegmentWriterTest() {
    filesystem_.plant_directory("/log");
    directory_ = *filesystem_.open_directory("/log");
    policy_.size_max = kSizeMax;
  }

  SegmentWriter make(std::uint64_t end = 0) {
    const OpenMode mode =
        filesystem_.exists("/log/segment") ? OpenMode::kReadWrite : OpenMode::kCreateExclusive;
    return {*directory_->open("segment", mode), end, policy_};
  }

  static void append(SegmentWriter& writer, Txid txid, std::size_t size = 100) {
    const std::string payload(size, static_cast<char>('a' + txid % 26));
    const auto crc = writer.append({RecordType::kRaw, txid, {}, as_bytes(payload)});
    ASSERT_TRUE(crc) << crc.error().to_string();
  }

  // The txids of what a reader finds up to `end`.
  std::vector<Txid> txids(std::uint64_t end) {
    const auto file = *directory_->open("segment", OpenMode::kRead);
    SegmentReader reader(*file, 0, end);
    std::vector<Txid> found;
    while (*reader.next() == SegmentStep::kFrame) found.push_back(reader.frame().record.txid);
    return found;
  }

  std::uint64_t size() { return filesystem_.read_file("/log/segment")->size(); }
  std::uint64_t count(SimulatedCall call) { return filesystem_.count(call); }

  SimulatedFilesystem filesystem_;
  std::unique_ptr<Directory> directory_;
  SegmentWritePolicy policy_;
};

TEST_F(SegmentWriterTest, StoresAndGivesBackTheSpaceThatWasNotUsed) {
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 20; ++txid) append(writer, txid);
  EXPECT_EQ(writer.end(), 20 * frame_size(0, 100));
  EXPECT_EQ(count(SimulatedCall::kWrite), 0U);
  EXPECT_EQ(count(SimulatedCall::kStore), 20U);
  EXPECT_TRUE(writer.is_mapped());
  EXPECT_TRUE(writer.has_unused());
  EXPECT_EQ(size(), std::uint64_t{1} << 20);
  ASSERT_TRUE(writer.cut_unused());
  EXPECT_FALSE(writer.has_unused());
  EXPECT_EQ(size(), writer.end());
  EXPECT_EQ(txids(size()).size(), 20U);
}

TEST_F(SegmentWriterTest, GivesTheChecksumOfTheFrame) {
  SegmentWriter writer = make();
  const auto crc = writer.append({RecordType::kPut, 1, as_bytes("key"), as_bytes("value")});
  const auto file = *directory_->open("segment", OpenMode::kRead);
  SegmentReader reader(*file, 0, writer.end());
  ASSERT_EQ(*reader.next(), SegmentStep::kFrame);
  EXPECT_EQ(reader.frame().crc, *crc);
}

TEST_F(SegmentWriterTest, WritesTheFirstBytesAndThoseBehindASync) {
  policy_.write_through_size = 1000;
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 10; ++txid) append(writer, txid);
  EXPECT_EQ(count(SimulatedCall::kWrite), 8U);  // of 128 bytes each
  EXPECT_EQ(count(SimulatedCall::kStore), 2U);
  ASSERT_TRUE(writer.sync());
  writer.note_sync();
  for (Txid txid = 11; txid <= 20; ++txid) append(writer, txid);
  EXPECT_EQ(count(SimulatedCall::kWrite), 16U);
  EXPECT_EQ(count(SimulatedCall::kStore), 4U);
  EXPECT_EQ(txids(writer.end()).size(), 20U);
}

TEST_F(SegmentWriterTest, WritesLargeFramesBetweenStoredOnes) {
  SegmentWriter writer = make();
  append(writer, 1);
  append(writer, 2, 100'000);
  append(writer, 3);
  EXPECT_EQ(count(SimulatedCall::kWrite), 1U);
  EXPECT_EQ(count(SimulatedCall::kStore), 2U);
  EXPECT_EQ(txids(writer.end()), (std::vector<Txid>{1, 2, 3}));
}

TEST_F(SegmentWriterTest, AFewRecordsReserveNothing) {
  policy_.write_through_size = std::uint64_t{64} << 10;
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 100; ++txid) append(writer, txid);
  EXPECT_EQ(size(), writer.end());
  EXPECT_EQ(count(SimulatedCall::kReserve), 0U);
}

// A sync of a file that does not grow is cheaper, however little is appended in between.
TEST_F(SegmentWriterTest, ReservesAfterSixteenSyncs) {
  policy_.write_through_size = std::uint64_t{64} << 10;
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 16; ++txid) {
    append(writer, txid);
    EXPECT_EQ(size(), writer.end()) << txid - 1;
    ASSERT_TRUE(writer.sync());
    writer.note_sync();
  }
  EXPECT_EQ(count(SimulatedCall::kReserve), 0U);
  append(writer, 17);
  EXPECT_EQ(count(SimulatedCall::kReserve), 1U);
  EXPECT_EQ(size(), 16 * frame_size(0, 100) + (std::uint64_t{1} << 20));
  for (Txid txid = 18; txid <= 40; ++txid) {
    append(writer, txid);
    ASSERT_TRUE(writer.sync());
    writer.note_sync();
  }
  EXPECT_EQ(count(SimulatedCall::kReserve), 1U);
  EXPECT_EQ(count(SimulatedCall::kWrite), 40U) << "they are still written, not stored";
  EXPECT_EQ(txids(writer.end()).size(), 40U);
  ASSERT_TRUE(writer.cut_unused());
  EXPECT_EQ(size(), writer.end());
}

TEST_F(SegmentWriterTest, SyncsReserveNothingWhereThatIsNotAllowed) {
  policy_.may_reserve = false;
  policy_.write_through_size = std::uint64_t{64} << 10;
  SegmentWriter writer = make();
  for (int sync = 0; sync < 20; ++sync) writer.note_sync();
  append(writer, 1);
  EXPECT_EQ(count(SimulatedCall::kReserve), 0U);
  EXPECT_EQ(size(), writer.end());
}

TEST_F(SegmentWriterTest, ReservesNothingBehindTheLargestSize) {
  policy_.size_max = 1000;
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 7; ++txid) append(writer, txid);
  EXPECT_EQ(size(), 1000U);
  EXPECT_EQ(count(SimulatedCall::kStore), 7U);
  append(writer, 8);  // whoever wants that gets it
  EXPECT_EQ(size(), 1024U);
  EXPECT_EQ(txids(writer.end()).size(), 8U);
}

TEST_F(SegmentWriterTest, ReservesInSteps) {
  SegmentWriter writer = make();
  for (Txid txid = 1; writer.end() < (std::uint64_t{3} << 20); ++txid) append(writer, txid, 20'000);
  // How many depends on when the second thread is idle; at most one for each 256 KiB of pages that
  // are prepared, besides those that come to the end of what has been reserved.
  EXPECT_LE(count(SimulatedCall::kReserve), 3U * 4 + 3);
  EXPECT_LE(size(), kSizeMax);
  EXPECT_EQ(count(SimulatedCall::kWrite), 0U);
}

TEST_F(SegmentWriterTest, WritesWhereNothingMayBeReserved) {
  policy_.may_reserve = false;
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 5; ++txid) append(writer, txid);
  EXPECT_EQ(count(SimulatedCall::kWrite), 5U);
  EXPECT_EQ(size(), writer.end());
  EXPECT_EQ(writer.counts().written, 5U);
  EXPECT_EQ(writer.counts().reservations_refused, 0U) << "nobody has been asked";
  EXPECT_EQ(writer.counts().mappings_refused, 0U);
}

TEST_F(SegmentWriterTest, WritesIntoReservedSpaceWhereNothingMayBeMapped) {
  policy_.may_map = false;
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 5; ++txid) append(writer, txid);
  EXPECT_EQ(count(SimulatedCall::kWrite), 5U);
  EXPECT_EQ(count(SimulatedCall::kMap), 0U);
  EXPECT_TRUE(writer.has_unused());
  EXPECT_EQ(writer.counts().mappings_refused, 0U) << "nobody has been asked";
}

TEST_F(SegmentWriterTest, WritesWhereMappingFails) {
  filesystem_.inject({.count = SimulatedFault::kForEver, .call = SimulatedCall::kMap});
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 5; ++txid) append(writer, txid);
  EXPECT_EQ(count(SimulatedCall::kWrite), 5U);
  EXPECT_EQ(count(SimulatedCall::kMap), 1U);
  EXPECT_EQ(writer.counts().written, 5U);
  EXPECT_EQ(writer.counts().stored, 0U);
  EXPECT_EQ(writer.counts().mappings_refused, 1U);
  EXPECT_EQ(writer.counts().reservations_refused, 0U);
}

TEST_F(SegmentWriterTest, WritesWhereTheDiskIsTooFullToReserve) {
  filesystem_.set_capacity(10'000);
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 5; ++txid) append(writer, txid);
  EXPECT_EQ(count(SimulatedCall::kWrite), 5U);
  EXPECT_EQ(count(SimulatedCall::kReserve), 1U);
  EXPECT_EQ(size(), writer.end());
  EXPECT_EQ(writer.counts().written, 5U);
  EXPECT_EQ(writer.counts().stored, 0U);
  EXPECT_EQ(writer.counts().reservations_refused, 1U);
  EXPECT_EQ(writer.counts().mappings_refused, 0U);
}

TEST_F(SegmentWriterTest, AFullDiskIsAnErrorOfTheAppendAndNotBefore) {
  filesystem_.set_capacity(1000);
  policy_.size_max = 1000;
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 7; ++txid) append(writer, txid);  // all that was reserved
  const auto refused = writer.append({RecordType::kRaw, 8, {}, as_bytes(std::string(100, 'x'))});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(txids(writer.end()).size(), 7U);
}

TEST_F(SegmentWriterTest, ContinuesASegmentAtItsEnd) {
  {
    SegmentWriter writer = make();
    append(writer, 1);
    ASSERT_TRUE(writer.cut_unused());
  }
  SegmentWriter writer = make(size());
  append(writer, 2);
  EXPECT_EQ(txids(writer.end()), (std::vector<Txid>{1, 2}));
}

TEST_F(SegmentWriterTest, AKilledProcessLeavesPublishedFramesAndZeros) {
  SegmentWriter writer = make();
  for (Txid txid = 1; txid <= 5; ++txid) append(writer, txid);
  filesystem_.kill_process();
  directory_ = *filesystem_.open_directory("/log");
  EXPECT_EQ(txids(size()).size(), 5U);
}

// A file whose pages are prepared slowly by any other thread than that which mapped it.
class SlowFile final : public File {
 public:
  explicit SlowFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView buffer) const override {
    return file_->read_at(offset, buffer);
  }
  Status write_at(std::uint64_t offset, ByteView data) override {
    return file_->write_at(offset, data);
  }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Status truncate(std::uint64_t size) override { return file_->truncate(size); }
  Status sync() override { return file_->sync(); }
  Result<bool> reserve(std::uint64_t size) override { return file_->reserve(size); }
  std::unique_ptr<FileMapping> map(std::uint64_t size) override {
    auto mapping = file_->map(size);
    return mapping ? std::make_unique<SlowMapping>(std::move(mapping)) : nullptr;
  }

 private:
  class SlowMapping final : public FileMapping {
   public:
    explicit SlowMapping(std::unique_ptr<FileMapping> mapping) : mapping_(std::move(mapping)) {}
    void prepare(std::uint64_t offset, std::size_t size) noexcept override {
      if (std::this_thread::get_id() != owner_) std::this_thread::sleep_for(kDelay);
      mapping_->prepare(offset, size);
    }
    MutableByteView at(std::uint64_t offset, std::size_t size) override {
      return mapping_->at(offset, size);
    }
    Status publish(std::byte first) override { return mapping_->publish(first); }

   private:
    static constexpr std::chrono::milliseconds kDelay{2};
    std::unique_ptr<FileMapping> mapping_;
    const std::thread::id owner_ = std::this_thread::get_id();
  };

  std::unique_ptr<File> file_;
};

// Pages are prepared by writing zeros, by another thread as well: on a real file, which would lose
// what is stored there meanwhile.
TEST(SegmentWriterOnAFile, LosesNothingToPagesThatArePrepared) {
  constexpr unsigned kSeed = 13;
  constexpr std::uint64_t kSize = std::uint64_t{24} << 20;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  const test::ScratchDirectory scratch;
  const auto directory = *posix_filesystem().open_directory(scratch.path());
  std::uint64_t end = 0;
  std::vector<std::uint32_t> checksums;
  {
    auto file = std::make_unique<SlowFile>(*directory->open("segment", OpenMode::kCreateExclusive));
    SegmentWriter writer(std::move(file), 0, {.size_max = kSize, .write_through_size = 4'096});
    while (writer.end() < kSize / 2) {
      // Now and then one that is written, or is larger than what is prepared at a time.
      const std::size_t size = random() % 300 == 0  ? 300'000
                               : random() % 40 == 0 ? 40'000
                                                    : random() % 3'000;
      const Bytes payload(size, static_cast<std::byte>('a' + checksums.size() % 26));
      const auto crc = writer.append({RecordType::kRaw, checksums.size() + 1, {}, payload});
      ASSERT_TRUE(crc) << crc.error().to_string();
      checksums.push_back(*crc);
      if (random() % 300 != 0) continue;
      ASSERT_TRUE(writer.sync());
      writer.note_sync();
    }
    EXPECT_GT(writer.counts().stored, 0U);
    EXPECT_GT(writer.counts().written, 0U);
    end = writer.end();
    ASSERT_TRUE(writer.cut_unused());
  }
  EXPECT_EQ(std::filesystem::file_size(scratch / "segment"), end);
  const auto file = *directory->open("segment", OpenMode::kRead);
  SegmentReader reader(*file, 0, end);
  for (const std::uint32_t crc : checksums) {
    ASSERT_EQ(*reader.next(), SegmentStep::kFrame);
    ASSERT_EQ(reader.frame().crc, crc);
  }
  EXPECT_EQ(*reader.next(), SegmentStep::kEnd);
}

}  // namespace
}  // namespace datawal::segment_writer_test
