// A segment of more than four GiB, as another implementation writes them. Its values are holes in
// the file, so that it takes no room.
#include <fcntl.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/endian.h"
#include "datawal/data_wal.h"
#include "datawal/record_log_reader.h"
#include "file/posix_test_support.h"
#include "log/log_test_support.h"

namespace datawal::huge_segment_test {
namespace {

using test::must;

class HugeSegment : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kFourGigabytes = std::uint64_t{1} << 32;
  static constexpr std::size_t kPayloadSizeOffset = 20;

  HugeSegment() {
    std::filesystem::create_directory(path());
    fd_ =
        UniqueFd(::open((path() / "00000001.dwal").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (end_ <= kFourGigabytes) add_hole("hole " + std::to_string(++txid_));
    add(test::put_frame(++txid_, "last", "value"));
  }

  [[nodiscard]] std::filesystem::path path() const { return scratch_ / "store"; }

  // A Put of the largest value, all zeros, of which only the ends are written.
  void add_hole(const std::string& key) {
    Bytes head = test::put_frame(txid_, key, "");
    head.resize(kFrameHeaderSize + key.size());
    store_le(head.data() + kPayloadSizeOffset, static_cast<std::uint32_t>(zeros_.size()));
    Bytes crc(kFrameCrcSize);
    store_le(crc.data(), crc32c(zeros_, crc32c(head)));
    add(head);
    end_ += zeros_.size();
    add(crc);
  }

  void add(ByteView bytes) {
    const ssize_t size = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(end_));
    if (size != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("pwrite");
    end_ += bytes.size();
  }

  const test::ScratchDirectory scratch_;
  const Bytes zeros_ = Bytes(kPayloadSizeMax);
  UniqueFd fd_;
  std::uint64_t end_ = 0;
  Txid txid_ = 0;
};

TEST_F(HugeSegment, OpensAndGoesOnBehindFourGigabytes) {
  const std::uint64_t end = end_;
  {
    DataWal store = must(DataWal::open(path()));
    EXPECT_EQ(store.recovery_report().records_replayed, txid_);
    EXPECT_EQ(store.size(), txid_);
    EXPECT_EQ(must(store.get(as_bytes("last")))->text(), "value");
    EXPECT_GT((*must(store.ref_of(as_bytes("last")))).offset, kFourGigabytes);
    EXPECT_EQ(must(store.get(as_bytes("hole 64")))->bytes().size(), kPayloadSizeMax);
    EXPECT_EQ(must(store.put(as_bytes("new"), as_bytes("one"))), txid_ + 1);
    EXPECT_EQ(must(store.ref_of(as_bytes("new")))->position(), (Position{SegmentId{2}, 0}));
    must(store.close());
  }
  const RecordLogReader reader = must(RecordLogReader::open(path()));
  const std::uint64_t last_size = frame_size(4, 5);
  const test::Scan scan = test::read_all(reader.scan_from({SegmentId{1}, end - last_size}));
  EXPECT_FALSE(scan.error);
  EXPECT_THAT(scan.payloads(), ::testing::ElementsAre("value", "one"));
  EXPECT_EQ(scan.records.front().ref,
            (RecordRef{SegmentId{1}, static_cast<std::uint32_t>(last_size), end - last_size}));
}

}  // namespace
}  // namespace datawal::huge_segment_test
