#include "segment/frame_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/endian.h"
#include "support/segment_builder.h"

namespace datawal::frame_search_test {
namespace {

using test::encoded;
using test::MemoryFile;
using test::SegmentBuilder;

struct Found {
  std::uint64_t offset;
  Txid txid;
  friend bool operator==(const Found&, const Found&) = default;
  friend void PrintTo(const Found& found, std::ostream* out) {
    *out << found.offset << " (txid " << found.txid << ')';
  }
};

struct SearchFrom {
  std::uint64_t begin = 0;
  Txid last_txid = 0;
  std::optional<Txid> txid_limit = {};
};

std::vector<Found> search(const Bytes& bytes, const SearchFrom& from) {
  const MemoryFile file(bytes);
  FrameSearch search(file, from.begin, bytes.size(), from.last_txid, from.txid_limit);
  std::vector<Found> found;
  while (true) {
    const auto frame = search.next();
    EXPECT_TRUE(frame) << frame.error().to_string();
    if (!frame || !*frame) return found;
    found.push_back({(*frame)->offset, (*frame)->header.txid});
  }
}

std::vector<Txid> txids_of(const std::vector<Found>& found) {
  std::vector<Txid> txids;
  for (const Found& frame : found) txids.push_back(frame.txid);
  return txids;
}

std::vector<Txid> search_txids(const SegmentBuilder& segment, const SearchFrom& from = {}) {
  return txids_of(search(segment.bytes(), from));
}

std::vector<Txid> range(Txid first, Txid last) {
  std::vector<Txid> txids;
  for (Txid txid = first; txid <= last; ++txid) txids.push_back(txid);
  return txids;
}

// A segment as a value: `first` to `last`, 38 bytes each.
Bytes nested_log(Txid first, Txid last) {
  return SegmentBuilder().add_run(first, last).bytes();
}

TEST(FrameSearch, AnIntactStretchIsAllFound) {
  const auto segment = SegmentBuilder().add_run(1, 50);
  EXPECT_EQ(search_txids(segment), range(1, 50));
  EXPECT_TRUE(search_txids(SegmentBuilder()).empty());
}

TEST(FrameSearch, FramesBehindADamagedOneAreFoundWhereverItIsHit) {
  auto segment = SegmentBuilder().add_run(1, 3);
  const std::uint64_t begin = segment.size();
  segment.add_run(4, 4);
  const std::uint64_t end = segment.size();
  segment.add_run(5, 9);
  for (std::uint64_t bit = begin * 8; bit < end * 8; ++bit) {
    SegmentBuilder damaged = segment;
    damaged.bytes()[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(search_txids(damaged, {.begin = begin, .last_txid = 3}), range(5, 9)) << bit;
  }
}

TEST(FrameSearch, FramesBehindATornOneOfAnySizeAreFoundThoughTheyRepeatItsTxid) {
  const Bytes torn = encoded({.type = RecordType::kPut,
                              .txid = 4,
                              .key = as_bytes("a key"),
                              .payload = as_bytes("and quite a long value behind it")});
  for (std::size_t size = 0; size <= torn.size(); ++size) {
    // Payloads of every size, so that some frames end where the torn one would have.
    for (std::size_t payload_size = 0; payload_size < 40; ++payload_size) {
      auto segment = SegmentBuilder().add_run(1, 3);
      const std::uint64_t begin = segment.size();
      segment.add_bytes(ByteView(torn).first(size));
      segment.add_run(4, 7, payload_size);
      const auto found = search_txids(segment, {.begin = begin, .last_txid = 3});
      const bool whole = size == torn.size();
      ASSERT_EQ(found.size(), whole ? 5U : 4U) << size << ' ' << payload_size;
      ASSERT_EQ(std::vector(found.end() - 4, found.end()), range(4, 7)) << size;
    }
  }
}

TEST(FrameSearch, EachReopeningOfTheRustCrateBehindATornTailStartsWithTheSameTxid) {
  auto segment = SegmentBuilder().add_run(1, 3);
  const std::uint64_t begin = segment.size();
  segment.add_bytes(as_bytes("torn"));
  segment.add_run(4, 9);
  segment.add_bytes(as_bytes("torn again"));
  segment.add_run(4, 6);
  segment.add_run(4, 5);  // scan() of the crate sets its counter back
  EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 3}),
            (std::vector<Txid>{4, 5, 6, 7, 8, 9, 4, 5, 6, 4, 5}));
}

TEST(FrameSearch, OrderGoesOnFromTheLastFrameFound) {
  auto segment = SegmentBuilder().add_run(1, 3);
  segment.add_bytes(as_bytes("torn"));
  segment.add_run(4, 9).add_run(4, 4);
  const std::uint64_t rotten = segment.size();
  segment.add_run(5, 8).damage(rotten + 30);
  EXPECT_EQ(search_txids(segment), (std::vector<Txid>{1, 2, 3, 4, 5, 6, 7, 8, 9, 4, 6, 7, 8}));
}

TEST(FrameSearch, TheValueOfADamagedFrameIsNotSearched) {
  // Txids that the log itself could go on with.
  const Bytes value = nested_log(4, 6);
  for (const bool is_last : {false, true}) {
    auto segment = SegmentBuilder().add_run(1, 2);
    const std::uint64_t begin =
        segment.add({.txid = 3, .key = as_bytes("backup"), .payload = value});
    const std::uint64_t end = segment.size();
    if (!is_last) segment.add_run(4, 5);
    // In the key; in the first nested frame; in the CRC.
    for (const std::uint64_t hit : {begin + 25, begin + 40, end - 1}) {
      SegmentBuilder damaged = segment;
      damaged.damage(hit);
      const auto found = search(damaged.bytes(), {.begin = begin, .last_txid = 2});
      ASSERT_EQ(txids_of(found), is_last ? std::vector<Txid>{} : range(4, 5)) << hit;
      if (is_last) continue;
      EXPECT_EQ(found.front().offset, end);
    }
  }
}

TEST(FrameSearch, TheValuesOfDamagedNeighboursAreNotSearched) {
  auto segment = SegmentBuilder().add_run(1, 2);
  const std::uint64_t first = segment.add({.txid = 3, .payload = nested_log(4, 6)});
  const std::uint64_t second = segment.add({.txid = 4, .payload = nested_log(5, 8)});
  segment.add_run(5, 6).damage(first + 30).damage(second + 30);
  EXPECT_EQ(search(segment.bytes(), {.begin = first, .last_txid = 2}).front().offset,
            segment.size() - 2 * frame_size(0, 10));
}

TEST(FrameSearch, TheValueOfADamagedLastFrameBeforeReservedSpaceIsNotSearched) {
  auto segment = SegmentBuilder().add_run(1, 2);
  const std::uint64_t begin = segment.add({.txid = 3, .payload = nested_log(4, 6)});
  segment.damage(begin + 30).add_zeros(100'000);
  EXPECT_TRUE(search_txids(segment, {.begin = begin, .last_txid = 2}).empty());
}

TEST(FrameSearch, AnImpossibleHeaderLeavesNestedFramesThatDoNotContinueTheOrder) {
  auto segment = SegmentBuilder().add_run(1, 20);
  const std::uint64_t begin = segment.add({.txid = 21, .payload = nested_log(1, 30)});
  segment.damage(begin);
  segment.add_run(22, 24);
  EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 20}), range(22, 24));
}

TEST(FrameSearch, ALogInATornValueIsToldByItsFirstFrameWhereverItIsTorn) {
  const Bytes torn = encoded({.txid = 21, .payload = nested_log(1, 30)});
  for (std::size_t size = 1; size < torn.size(); ++size) {
    auto segment = SegmentBuilder().add_run(1, 20);
    const std::uint64_t begin = segment.add_bytes(ByteView(torn).first(size));
    segment.add_run(21, 23);
    // Where nested frame 20 is the last whole one and nothing is behind it, the bytes are those of
    // a torn value that goes on to 23.
    const bool is_ambiguous = size == kFrameHeaderSize + 20 * frame_size(0, 10);
    ASSERT_EQ(search_txids(segment, {.begin = begin, .last_txid = 20}),
              is_ambiguous ? std::vector<Txid>{} : range(21, 23))
        << size << " of " << torn.size();
  }
}

TEST(FrameSearch, ARecordThatFollowsANestedLogByNumberIsKnownByItsPlace) {
  // The value is a copy of the log itself; torn right before the checksum, so that the next frame
  // comes where the nested log would go on.
  const Bytes torn = encoded({.txid = 21, .payload = nested_log(1, 20)});
  auto segment = SegmentBuilder().add_run(1, 20);
  const std::uint64_t begin = segment.add_bytes(ByteView(torn).first(torn.size() - kFrameCrcSize));
  segment.add_run(21, 23);
  EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 20}), range(21, 23));
}

TEST(FrameSearch, ALengthThatSwallowsIntactFramesIsNotBelieved) {
  // Frames of 64 bytes; one bit makes the second claim two or more of them, to the boundary of
  // another or to the end.
  for (const std::uint64_t bit : {6U, 7U, 8U}) {
    auto segment = SegmentBuilder().add_run(1, 1, 36);
    const std::uint64_t begin = segment.size();
    segment.add_run(2, 6, 36);
    segment.bytes()[begin + 20 + bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 1}), range(3, 6)) << bit;
  }
}

TEST(FrameSearch, TxidsMustStayBelowTheLimit) {
  auto segment = SegmentBuilder().add_run(1, 5);
  const std::uint64_t begin = segment.size();
  segment.add_bytes(as_bytes("some damage"));
  segment.add_run(100, 102);
  EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 5, .txid_limit = 103}),
            range(100, 102));
  EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 5, .txid_limit = 100}),
            std::vector<Txid>{});
  // Without a limit: as many as there is room for.
  EXPECT_TRUE(search_txids(segment, {.begin = begin, .last_txid = 5}).empty());
  EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 98}), range(100, 102));
  // A limit that the log has passed already says nothing.
  EXPECT_EQ(search_txids(segment, {.begin = begin, .last_txid = 98, .txid_limit = 7}),
            range(100, 102));
}

TEST(FrameSearch, ALogThatIsDamagedFromItsStartMayBeginWithAnyTxid) {
  SegmentBuilder segment;
  segment.add_bytes(as_bytes("some damage"));
  segment.add_run(1'000'000, 1'000'002);
  EXPECT_EQ(search_txids(segment), range(1'000'000, 1'000'002));
  EXPECT_TRUE(search_txids(segment, {.txid_limit = 1'000'000}).empty());
}

TEST(FrameSearch, TheHighestTxidsDoNotOverflow) {
  constexpr Txid kMax = std::numeric_limits<Txid>::max();
  SegmentBuilder segment;
  segment.add_bytes(as_bytes("damage"));
  segment.add({.txid = kMax});
  segment.add_bytes(as_bytes("damage"));
  segment.add({.txid = 0});
  EXPECT_EQ(search_txids(segment, {.last_txid = kMax - 1}), std::vector<Txid>{kMax});
  EXPECT_TRUE(search_txids(segment, {.last_txid = kMax, .txid_limit = 0}).empty());
}

TEST(FrameSearch, StretchesCoverEverythingAndNameTheDamage) {
  auto segment = SegmentBuilder().add_run(1, 2);
  const std::uint64_t rotten = segment.size();
  segment.add_run(3, 4).damage(rotten + 30);
  const std::uint64_t garbage = segment.add_bytes(as_bytes("this is no frame of any kind"));
  segment.add_run(5, 5);
  const std::uint64_t torn = segment.size();
  segment.add_run(6, 6);
  segment.bytes().pop_back();
  const MemoryFile file(segment.bytes());
  FrameSearch search(file, 0, segment.size(), 0);
  std::vector<Stretch> damages;
  std::uint64_t end = 0;
  for (auto stretch = search.next_stretch(); *stretch; stretch = search.next_stretch()) {
    EXPECT_EQ((*stretch)->offset, end);
    end += (*stretch)->size;
    if (!(*stretch)->frame) damages.push_back(**stretch);
  }
  EXPECT_EQ(end, segment.size());
  ASSERT_EQ(damages.size(), 3U);
  EXPECT_EQ(damages[0].offset, rotten);
  EXPECT_EQ(damages[0].size, frame_size(0, 10));
  EXPECT_EQ(std::get<CrcMismatch>(damages[0].damage).size, frame_size(0, 10));
  EXPECT_EQ(damages[1].offset, garbage);
  EXPECT_EQ(std::get<StructuralError>(damages[1].damage).field, StructuralField::kMagic);
  EXPECT_EQ(damages[2].offset, torn);
  EXPECT_EQ(std::get<Truncated>(damages[2].damage).needed, frame_size(0, 10));
  EXPECT_EQ(std::get<Truncated>(damages[2].damage).available, frame_size(0, 10) - 1);
}

TEST(FrameSearch, AFileThatBecomesShorterEndsEarly) {
  auto segment = SegmentBuilder().add_run(1, 40'000);
  MemoryFile file(segment.bytes());
  FrameSearch search(file, 0, segment.size(), 0);
  for (Txid txid = 1; txid <= 20'000; ++txid) ASSERT_EQ((*search.next())->header.txid, txid);
  file.bytes().resize(25'000 * frame_size(0, 10) + 5);
  std::uint64_t end = 0;
  for (auto stretch = search.next_stretch(); *stretch; stretch = search.next_stretch()) {
    end = (*stretch)->offset + (*stretch)->size;
  }
  EXPECT_GE(end, file.bytes().size());
}

TEST(FrameSearch, AFailureToReadIsAnError) {
  class BrokenFile final : public File {
    Result<std::size_t> read_at(std::uint64_t, MutableByteView) const override { return fail(); }
    Result<std::uint64_t> size() const override { return fail(); }
    Status write_at(std::uint64_t, ByteView) override { return fail(); }
    Status truncate(std::uint64_t) override { return fail(); }
    Status sync() override { return fail(); }
    static std::unexpected<Error> fail() {
      return std::unexpected(Error{.code = ErrorCode::kIo, .message = "broken"});
    }
  };
  const BrokenFile file;
  FrameSearch search(file, 0, 1'000, 0);
  EXPECT_EQ(search.next().error().code, ErrorCode::kIo);
}

// The rules of the header, followed without any economy.
class PlainSearch {
 public:
  PlainSearch(ByteView bytes, Txid last_txid)
      : bytes_(bytes), previous_(last_txid), highest_(last_txid) {}

  std::vector<Found> run() {
    std::size_t offset = 0;
    while (offset < bytes_.size()) {
      const DecodeOutcome outcome = decode_frame(bytes_.subspan(offset));
      if (const auto* frame = std::get_if<DecodedFrame>(&outcome)) {
        found_.push_back({offset, frame->record.txid});
        previous_ = frame->record.txid;
        highest_ = std::max(highest_, previous_);
        offset += frame->size;
        continue;
      }
      if (!before_damage_) before_damage_ = highest_;
      offset = continuation(offset, std::get_if<CrcMismatch>(&outcome));
    }
    return found_;
  }

 private:
  const DecodedFrame* intact(std::size_t offset) {
    outcome_ = decode_frame(bytes_.subspan(offset));
    return std::get_if<DecodedFrame>(&outcome_);
  }

  bool believed(std::size_t offset, std::size_t end) {
    const ByteView next = bytes_.subspan(end);
    std::size_t data_end = bytes_.size();
    while (data_end > 0 && bytes_[data_end - 1] == std::byte{0}) --data_end;
    const ByteView magic = as_bytes("DWAL");
    const bool confirmed = std::ranges::equal(next.first(std::min<std::size_t>(4, next.size())),
                                              magic.first(std::min<std::size_t>(4, next.size()))) ||
                           (data_end <= end && data_end > end - kFrameCrcSize);
    if (!confirmed) return false;
    for (std::size_t inside = offset + 1; inside < end; ++inside) {
      const DecodedFrame* frame = intact(inside);
      if (frame != nullptr && inside + frame->size == end) return false;
    }
    return true;
  }

  bool in_order(Txid txid) const {
    if (txid == *before_damage_ + 1) return true;
    const Txid highest = highest_ + 1 + bytes_.size() / kFrameSizeMin;
    return txid > previous_ && (highest_ == 0 || txid <= highest);
  }

  std::size_t continuation(std::size_t offset, const CrcMismatch* claim) {
    std::size_t value_end = bytes_.size();
    if (claim != nullptr) {
      if (believed(offset, offset + claim->size)) return offset + claim->size;
      value_end = offset + claim->size - kFrameCrcSize;
    }
    std::size_t foreign_offset = 0;
    Txid foreign_txid = 0;
    for (++offset; offset < bytes_.size();) {
      const DecodedFrame* frame = intact(offset);
      if (frame == nullptr) {
        ++offset;
        continue;
      }
      const Txid txid = frame->record.txid;
      const bool foreign = offset == foreign_offset && txid == foreign_txid && offset < value_end;
      if (!foreign && in_order(txid)) return offset;
      offset += frame->size;
      foreign_offset = offset;
      foreign_txid = txid + 1;
    }
    return bytes_.size();
  }

  ByteView bytes_;
  Txid previous_;
  Txid highest_;
  std::optional<Txid> before_damage_;
  DecodeOutcome outcome_;
  std::vector<Found> found_;
};

// A possible header with nothing behind it.
Bytes forged_header(Txid txid, std::size_t payload_size) {
  Bytes header = encoded({.type = RecordType::kPut, .txid = txid});
  header.resize(kFrameHeaderSize);
  store_le(header.data() + 20, static_cast<std::uint32_t>(payload_size));
  return header;
}

Bytes random_segment(std::mt19937& random) {
  SegmentBuilder segment;
  Txid txid = 1;
  const std::size_t part_count = 1 + random() % 12;
  for (std::size_t part = 0; part < part_count; ++part) {
    const Txid around = txid + random() % 4 - std::min<Txid>(txid, random() % 4);
    switch (random() % 9) {
      case 0:
      case 1:
      case 2:
        segment.add_run(txid, txid + random() % 4, random() % 2 * 36 + random() % 3);
        txid += 4 * (random() % 2) + 1;
        break;
      case 3:
        segment.add({.txid = txid++, .payload = nested_log(around, around + random() % 4)});
        break;
      case 4: {
        const Bytes frame = encoded({.txid = around, .payload = nested_log(around, around + 2)});
        segment.add_bytes(ByteView(frame).first(random() % frame.size()));
        break;
      }
      case 5:
        segment.add_bytes(forged_header(around, random() % 300));
        break;
      case 6:
        segment.add_zeros(random() % 60);
        break;
      case 7:
        segment.add_bytes(as_bytes("DWALDWADWDDWAL").first(random() % 15));
        break;
      case 8:
        segment.add_run(around, around + random() % 3);
        break;
    }
  }
  const std::size_t hit_count = segment.size() == 0 ? 0 : random() % 4;
  for (std::size_t hit = 0; hit < hit_count; ++hit) {
    segment.bytes()[random() % segment.size()] ^= std::byte{1} << (random() % 8);
  }
  return segment.bytes();
}

TEST(FrameSearch, FindsWhatThePlainSearchFinds) {
  constexpr std::uint32_t kSeed = 4711;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  std::size_t found_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Bytes bytes = random_segment(random);
    const Txid last_txid = random() % 3;
    const std::vector<Found> expected = PlainSearch(bytes, last_txid).run();
    ASSERT_EQ(search(bytes, {.last_txid = last_txid}), expected)
        << "seed " << kSeed << " round " << round;
    found_count += expected.size();
  }
  EXPECT_GT(found_count, 100'000U);
}

// Work on bytes made up to cause as much of it as possible.
struct Work {
  std::uint64_t bytes_read;
  std::uint64_t bytes_checked;
  std::vector<Txid> found;
};

Work work_on(const Bytes& bytes) {
  const MemoryFile file(bytes);
  FrameSearch search(file, 0, bytes.size(), 0);
  std::vector<Txid> found;
  for (auto frame = search.next(); *frame; frame = search.next()) {
    found.push_back((*frame)->header.txid);
  }
  EXPECT_EQ(search.bytes_read(), file.bytes_read());
  return {file.bytes_read(), search.bytes_checked(), std::move(found)};
}

// At most: everything is read a few times, a candidate costs two strides every 28 bytes, and what
// is allowed to be wasted before that.
void expect_linear(const Work& work, std::uint64_t size) {
  EXPECT_LE(work.bytes_read, 5 * kFrameSizeMax + 80 * size) << size;
  EXPECT_LE(work.bytes_checked, 5 * kFrameSizeMax + 80 * size) << size;
}

TEST(FrameSearch, AForgedHeaderEvery28BytesCostsLinearWork) {
  constexpr std::uint32_t kSeed = 5;
  for (const std::size_t count : {50'000U, 200'000U}) {
    std::mt19937 random(kSeed);
    SegmentBuilder segment;
    segment.bytes().reserve(28 * count + 100);
    for (std::size_t index = 0; index < count; ++index) {
      segment.add_bytes(
          forged_header(1, random() % std::min(kPayloadSizeMax, 28 * (count - index))));
      segment.add_bytes(as_bytes("\1\2\3\4"));
    }
    segment.add_run(1, 1);
    const Work work = work_on(segment.bytes());
    expect_linear(work, segment.size());
    EXPECT_EQ(work.found, range(1, 1));
  }
}

TEST(FrameSearch, FramesBetweenForgedHeadersCostLinearWork) {
  for (const std::size_t count : {50'000U, 200'000U}) {
    SegmentBuilder segment;
    for (std::size_t index = 0; index < count; ++index) {
      segment.add({.txid = index + 1});
      // Claims to end inside the last frame.
      const std::size_t left_count = count - std::min<std::size_t>(index + 2, count);
      segment.add_bytes(forged_header(1, 52 * left_count + 6));
    }
    const Work work = work_on(segment.bytes());
    expect_linear(work, segment.size());
    EXPECT_EQ(work.found, range(1, count));
  }
}

// Every damaged frame claims to end where an intact one ends and another begins, or at the end:
// each claim is confirmed, and refuted.
TEST(FrameSearch, ClaimsThatAreConfirmedAndRefutedCostLinearWork) {
  for (const bool is_same_end : {false, true}) {
    for (const std::size_t count : {20'000U, 80'000U}) {
      SegmentBuilder segment;
      const std::size_t front_size = (frame_size(0, 0) + kFrameHeaderSize) * count;
      const std::size_t total_size = front_size + frame_size(0, 0) * count;
      for (std::size_t index = 0; index < count; ++index) {
        segment.add({.txid = index + 1});
        const std::size_t target =
            is_same_end ? total_size : front_size + frame_size(0, 0) * (count - index);
        segment.add_bytes(forged_header(1, target - segment.size() - kFrameSizeMin));
      }
      for (std::size_t index = 0; index < count; ++index) segment.add({.txid = count + index + 1});
      ASSERT_EQ(segment.size(), total_size);
      const Work work = work_on(segment.bytes());
      expect_linear(work, segment.size());
      EXPECT_EQ(work.found, range(1, 2 * count)) << is_same_end;
    }
  }
}

TEST(FrameSearch, ZerosAndLettersCostOneReading) {
  constexpr std::size_t kSize = std::size_t{16} << 20;
  for (const char letter : {'\0', 'D', 'x'}) {
    Bytes bytes(kSize, static_cast<std::byte>(letter));
    const Work work = work_on(bytes);
    EXPECT_LE(work.bytes_read, kSize + kSize / 100);
    EXPECT_TRUE(work.found.empty());
  }
}

}  // namespace
}  // namespace datawal::frame_search_test
