// Hints that say something else than their segments, with all checksums right.
#include "log/hint_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "datawal/maintenance.h"
#include "format/names.h"
#include "format/segment_hint.h"
#include "log/hint_file.h"
#include "log/log_test_support.h"
#include "segment/segment_reader.h"

namespace datawal::hint_check_test {
namespace {

using test::must;
using testing::HasSubstr;

// A frame as a hint is to tell of it.
struct Told {
  RecordType type = RecordType::kRaw;
  Txid txid = 0;
  std::string key = {};
  std::string payload = {};
  std::uint32_t crc = 0;

  [[nodiscard]] DecodedFrame frame() const {
    return {
        .record = {.type = type, .txid = txid, .key = as_bytes(key), .payload = as_bytes(payload)},
        .size = frame_size(key.size(), payload.size()),
        .crc = crc};
  }
};

class HintCheck : public test::SimulatedLog {
 protected:
  // Segment 1 with records 1 to 121, of which every sixth is a Delete and the last a Raw record;
  // and one that is written to.
  HintCheck() {
    RecordLog log = open();
    for (int number = 0; number < 100; ++number) {
      const std::string key = "key " + std::to_string(number);
      must(log.append_record(RecordType::kPut, as_bytes(key), as_bytes(std::string(300, 'v'))));
      if (number % 5 == 0) must(log.append_record(RecordType::kDelete, as_bytes(key), {}));
    }
    must(log.append(as_bytes("raw")));
    must(log.rotate());
    must(log.append(as_bytes("last")));
    must(log.close());
    directory_ = must(filesystem_.open_directory(kStore));
    must(write_hint(*directory_, SegmentId{1}, [] { return true; }) ? Status{} : failed());
  }
  static Status failed() { return std::unexpected(Error{.message = "no hint was written"}); }

  static std::filesystem::path hint_path(std::uint32_t id) {
    return std::filesystem::path(kStore) / hint_name(SegmentId{id});
  }
  std::vector<Told> frames() {
    const Bytes bytes = segment(1);
    std::vector<Told> told;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto frame = std::get<DecodedFrame>(decode_frame(ByteView(bytes).subspan(at)));
      told.push_back({frame.record.type, frame.record.txid, std::string(as_text(frame.record.key)),
                      std::string(as_text(frame.record.payload)), frame.crc});
      offsets_.push_back(at);
      at += frame.size;
    }
    return told;
  }
  // Puts a hint of these frames in the place of the honest one.
  void tell(const std::vector<Told>& told) {
    const Bytes honest = *filesystem_.read_file(hint_path(1));
    HintHeader header = *decode_hint_header(honest);
    const auto file = must(directory_->open(segment_name(SegmentId{1}), OpenMode::kRead));
    header.modified_ns = file->identity()->modified_ns;
    const auto header_bytes = encode_hint_header(header);
    Bytes hint(header_bytes.begin(), header_bytes.end());
    OutlineWriter writer;
    for (const Told& each : told) {
      const bool is_end = &each == &told.front() || &each == &told.back();
      writer.add(each.frame(), is_end ? OutlineCrc::kKeep : OutlineCrc::kLeaveOut);
    }
    std::uint32_t crc = hint_crc(hint);
    const Bytes block = encode_hint_block(writer.take(), crc);
    hint.insert(hint.end(), block.begin(), block.end());
    filesystem_.write_file(hint_path(1), hint);
  }
  void forge(const std::function<void(std::vector<Told>&)>& change) {
    std::vector<Told> told = frames();
    change(told);
    tell(told);
  }

  VerifyReport verified() { return must(verify(kStore, options_)); }
  void expect_lie(std::uint64_t count, std::string_view what, std::size_t index) {
    const VerifyReport report = verified();
    ASSERT_EQ(report.sidecars.size(), 1U);
    const SidecarReport& found = report.sidecars[0];
    EXPECT_EQ(found.name, hint_name(SegmentId{1}));
    ASSERT_EQ(found.state, SidecarState::kDisagrees);
    EXPECT_FALSE(report.is_sound());
    EXPECT_EQ(report.damage_count, 0U);
    EXPECT_EQ(found.disagreements, count);
    EXPECT_EQ(found.error->code, ErrorCode::kCorruption);
    EXPECT_THAT(found.error->message, HasSubstr(what));
    EXPECT_THAT(found.error->message, HasSubstr("remove that file: nothing else is lost"));
    EXPECT_EQ(found.error->path, hint_path(1));
    EXPECT_EQ(found.error->segment, SegmentId{1});
    EXPECT_EQ(found.error->offset, offsets_.at(index));
    filesystem_.remove(hint_path(1));
    EXPECT_TRUE(verified().is_sound());
    EXPECT_TRUE(verified().sidecars.empty());
  }
  void expect_state(SidecarState state, std::string_view reason) {
    const VerifyReport report = verified();
    ASSERT_EQ(report.sidecars.size(), 1U);
    EXPECT_EQ(report.sidecars[0].state, state);
    EXPECT_THAT(report.sidecars[0].error.value_or(Error{}).message, HasSubstr(reason));
  }

  std::unique_ptr<Directory> directory_;
  std::vector<std::size_t> offsets_;  // of the frames
};

TEST_F(HintCheck, AnHonestOneAgrees) {
  expect_state(SidecarState::kAgrees, "");
  EXPECT_TRUE(verified().is_sound());
  forge([](std::vector<Told>&) {});
  expect_state(SidecarState::kAgrees, "");
}

// Two frames become one that is as long as both.
TEST_F(HintCheck, ARecordThatIsLeftOutIsFound) {
  forge([](std::vector<Told>& told) {
    told[3].payload += std::string(told[4].frame().size, 'v');
    told.erase(told.begin() + 4);
  });
  expect_lie(2, "tells of another record than the one here", 3);
}

TEST_F(HintCheck, AllBehindAWrongBoundaryAreCounted) {
  forge([](std::vector<Told>& told) {
    told[3].payload += "v";
    told[6].payload.pop_back();
  });
  // 3 is another; 4 to 6 are where none is told of, and are told of where none is.
  expect_lie(1 + 3 + 3, "tells of another record than the one here", 3);
}

TEST_F(HintCheck, AnInventedRecordIsFound) {
  forge([](std::vector<Told>& told) {
    const std::size_t size = told[3].frame().size;
    Told invented{.type = RecordType::kDelete, .txid = told[3].txid, .key = "key 99"};
    told[3].payload.resize(told[3].payload.size() - invented.frame().size);
    ASSERT_EQ(told[3].frame().size + invented.frame().size, size);
    told.insert(told.begin() + 4, std::move(invented));
  });
  expect_lie(2, "tells of another record than the one here", 3);
}

TEST_F(HintCheck, EveryFieldOfARecordIsCompared) {
  const std::vector<std::function<void(Told&)>> lies = {
      [](Told& told) { told.type = RecordType::kDelete; },
      [](Told& told) { told.txid += 7; },
      [](Told& told) { told.key.back() = 'x'; },
      [](Told& told) {
        told.key += "x";
        told.payload.pop_back();
      },
  };
  for (const auto& lie : lies) {
    forge([&](std::vector<Told>& told) { lie(told[12]); });
    const VerifyReport report = verified();
    ASSERT_EQ(report.sidecars.size(), 1U);
    EXPECT_EQ(report.sidecars[0].state, SidecarState::kDisagrees);
    EXPECT_EQ(report.sidecars[0].disagreements, 1U);
    EXPECT_EQ(report.sidecars[0].error->offset, offsets_[12]);
  }
  forge([](std::vector<Told>& told) { told[1].type = RecordType::kPut; });
  expect_lie(1, "tells of another record than the one here", 1);
}

TEST_F(HintCheck, OneThatOpeningPassesOverIsNoFailure) {
  const Bytes good = *filesystem_.read_file(hint_path(1));
  damage(hint_path(1), 100);
  expect_state(SidecarState::kUnused, "damaged, or of another file");
  filesystem_.write_file(hint_path(1), good);
  write_segment(1, segment(1));  // at another time
  expect_state(SidecarState::kUnused, "damaged, or of another file");
  filesystem_.remove(hint_path(1));
  for (const std::uint32_t id : {2U, 9U}) {
    filesystem_.write_file(hint_path(id), good);
    expect_state(SidecarState::kUnused, "no such sealed segment");
    filesystem_.remove(hint_path(id));
  }
  EXPECT_TRUE(verified().is_sound());
}

TEST_F(HintCheck, OfADamagedSegmentThereIsNoTelling) {
  const std::vector<Told> told = frames();
  damage_segment(1, 1'000);
  tell(told);
  const VerifyReport report = verified();
  EXPECT_EQ(report.damage_count, 1U);
  ASSERT_EQ(report.sidecars.size(), 1U);
  EXPECT_EQ(report.sidecars[0].state, SidecarState::kUnchecked);
  EXPECT_EQ(report.sidecars[0].error->segment, SegmentId{1});
}

}  // namespace
}  // namespace datawal::hint_check_test
