#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "datawal/maintenance.h"
#include "datawal/record_log.h"
#include "file/simulated_filesystem.h"
#include "format/names.h"
#include "support/segment_builder.h"
#include "support/store_files.h"

namespace datawal::verify_test {
namespace {

using test::options_for;
using test::plant_segment;
using test::SegmentBuilder;

constexpr std::string_view kStore = "store";
constexpr std::size_t kFrameSize = frame_size(0, 10);

VerifyReport verified(SimulatedFilesystem& filesystem) {
  Result<VerifyReport> report = verify(kStore, options_for(filesystem));
  EXPECT_TRUE(report) << report.error().to_string();
  return report ? *std::move(report) : VerifyReport{};
}

// Segments 1 to 3 with records 1 to 5, 6 to 10 and 11 to 15.
SimulatedFilesystem& plant_three_segments(SimulatedFilesystem& filesystem) {
  for (std::uint32_t id = 1; id <= 3; ++id) {
    plant_segment(filesystem, kStore, id, SegmentBuilder().add_run(5 * id - 4, 5 * id).bytes());
  }
  return filesystem;
}

TEST(Verify, ASoundStoreIsReportedInFull) {
  SimulatedFilesystem filesystem;
  SegmentBuilder mixed;
  mixed.add({.type = RecordType::kPut, .txid = 1, .key = as_bytes("a"), .payload = as_bytes("b")});
  mixed.add({.type = RecordType::kDelete, .txid = 2, .key = as_bytes("a")});
  mixed.add({.txid = 4, .payload = as_bytes("raw")});
  plant_segment(filesystem, kStore, 1, mixed.bytes());
  plant_segment(filesystem, kStore, 2, {});
  const auto last = SegmentBuilder().add_run(5, 6);
  plant_segment(filesystem, kStore, 7, last.bytes());
  plant_segment(filesystem, kStore, 9, {});

  const VerifyReport report = verified(filesystem);
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.frames_checked, 5U);
  EXPECT_EQ(report.bytes_checked, mixed.size() + last.size());
  EXPECT_EQ(report.last_frame, (Position{SegmentId{7}, kFrameSize}));
  EXPECT_EQ(report.txid_gaps, 1U);
  EXPECT_EQ(report.first_txid_gap, (Position{SegmentId{1}, frame_size(1, 1) + frame_size(1, 0)}));
  EXPECT_EQ(report.tail.kind, TailKind::kClean);
  ASSERT_EQ(report.segments.size(), 4U);
  EXPECT_EQ(report.segments[0].raw_records, 1U);
  EXPECT_EQ(report.segments[0].put_records, 1U);
  EXPECT_EQ(report.segments[0].delete_records, 1U);
  EXPECT_EQ(report.segments[0].first_txid, 1U);
  EXPECT_EQ(report.segments[0].last_txid, 4U);
  EXPECT_EQ(report.segments[0].size, mixed.size());
  EXPECT_EQ(report.segments[1].id, SegmentId{2});
  EXPECT_EQ(report.segments[1].size, 0U);
  EXPECT_EQ(report.segments[2].size, last.size());
  EXPECT_EQ(report.segments[3].id, SegmentId{9});
}

TEST(Verify, LookingChangesNothing) {
  SimulatedFilesystem filesystem;
  plant_three_segments(filesystem);
  filesystem.write_file("store/00000001.dwal",
                        SegmentBuilder().add_run(1, 5).damage(kFrameSize + 30).bytes());
  filesystem.set_read_only(true);
  filesystem.set_capacity(0);
  EXPECT_FALSE(verified(filesystem).is_sound());
  EXPECT_EQ(filesystem.mutation_count(), 0U);
  EXPECT_FALSE(filesystem.exists("store/.lock"));
}

TEST(Verify, WhatCannotBeReadIsAnError) {
  SimulatedFilesystem filesystem;
  EXPECT_EQ(verify(kStore, options_for(filesystem)).error().code, ErrorCode::kNotFound);
  filesystem.write_file("file", {});
  EXPECT_EQ(verify("file", options_for(filesystem)).error().code, ErrorCode::kInvalidArgument);
  plant_three_segments(filesystem);
  filesystem.plant_symlink("store/00000004.dwal");
  EXPECT_EQ(verify(kStore, options_for(filesystem)).error().code, ErrorCode::kNotRegularFile);
  filesystem.remove("store/00000004.dwal");
  filesystem.inject({.first = 2, .call = SimulatedCall::kRead});
  EXPECT_EQ(verify(kStore, options_for(filesystem)).error().code, ErrorCode::kIo);
}

TEST(Verify, FailedAtAnyCallItSaysSoAndNothingElse) {
  std::uint64_t call_count = 0;
  for (const bool for_ever : {false, true}) {
    for (std::uint64_t call = 1; call == 1 || call <= call_count; ++call) {
      SimulatedFilesystem filesystem;
      plant_three_segments(filesystem);
      filesystem.inject({.first = call, .count = for_ever ? SimulatedFault::kForEver : 1});
      filesystem.reset_counts();
      const Result<VerifyReport> report = verify(kStore, options_for(filesystem));
      EXPECT_EQ(filesystem.mutation_count(), 0U);
      if (call == 1) {
        filesystem.clear_faults();
        filesystem.reset_counts();
        verified(filesystem);
        call_count = filesystem.call_count();
      }
      if (report && !for_ever) {  // a call that there is another way without
        EXPECT_EQ(report->frames_checked, 15U) << "call " << call;
        EXPECT_TRUE(report->is_sound()) << "call " << call;
        continue;
      }
      ASSERT_FALSE(report) << "call " << call;
      EXPECT_EQ(report.error().code, ErrorCode::kIo) << report.error().to_string();
    }
  }
  EXPECT_GT(call_count, 10U);
}

TEST(Verify, AnEmptyDirectoryIsSound) {
  SimulatedFilesystem filesystem;
  filesystem.plant_directory(kStore);
  const VerifyReport report = verified(filesystem);
  EXPECT_TRUE(report.is_sound());
  EXPECT_TRUE(report.segments.empty());
}

TEST(Verify, UnusedSpaceAtTheEndIsSound) {
  SimulatedFilesystem filesystem;
  auto segment = SegmentBuilder().add_run(1, 5);
  segment.add_zeros(100'000);
  plant_segment(filesystem, kStore, 1, segment.bytes());
  const VerifyReport report = verified(filesystem);
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.tail.kind, TailKind::kUnused);
  EXPECT_EQ(report.tail.size, 100'000U);
  EXPECT_EQ(report.segments[0].size, segment.size());
}

// One kind of damage to one frame of a segment.
struct DamageKind {
  std::string_view name;
  std::uint64_t VerifyReport::* counter;
  void (*apply)(Bytes& segment, std::size_t frame);
};

void flip(Bytes& segment, std::size_t offset) {
  segment[offset] ^= std::byte{0x40};
}

constexpr DamageKind kDamageKinds[] = {
    {"payload", &VerifyReport::crc_failures,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + kFrameHeaderSize + 3); }},
    {"txid", &VerifyReport::crc_failures,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + 9); }},
    {"crc", &VerifyReport::crc_failures,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + kFrameSize - 1); }},
    {"magic", &VerifyReport::structural_failures,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + 2); }},
    {"version", &VerifyReport::structural_failures,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + 5); }},
    {"type", &VerifyReport::structural_failures,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + 6); }},
    {"key size", &VerifyReport::structural_failures,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + 19); }},
    {"large payload size", &VerifyReport::truncations,
     [](Bytes& segment, std::size_t frame) { flip(segment, frame + 21); }},
    {"zeros", &VerifyReport::structural_failures,
     [](Bytes& segment, std::size_t frame) {
       std::fill_n(segment.begin() + static_cast<std::ptrdiff_t>(frame), kFrameSize, std::byte{0});
     }},
    {"inserted bytes", &VerifyReport::structural_failures,
     [](Bytes& segment, std::size_t frame) {
       const Bytes junk(kFrameSize, std::byte{7});
       const auto place = segment.begin() + static_cast<std::ptrdiff_t>(frame);
       segment.insert(segment.erase(place, place + static_cast<std::ptrdiff_t>(kFrameSize)),
                      junk.begin(), junk.end());
     }},
};

TEST(Verify, EveryKindOfDamageIsCountedAtEveryPlace) {
  for (const DamageKind& kind : kDamageKinds) {
    for (std::uint32_t segment_id = 1; segment_id <= 3; ++segment_id) {
      for (std::size_t frame = 0; frame < 5; ++frame) {
        SCOPED_TRACE(std::string(kind.name) + " in segment " + std::to_string(segment_id) +
                     ", frame " + std::to_string(frame));
        SimulatedFilesystem filesystem;
        plant_three_segments(filesystem);
        const std::string path = "store/" + segment_name(SegmentId{segment_id});
        Bytes bytes = *filesystem.read_file(path);
        kind.apply(bytes, frame * kFrameSize);
        filesystem.write_file(path, bytes);

        const VerifyReport report = verified(filesystem);
        const bool is_tail = segment_id == 3 && frame == 4;
        const bool is_unused = is_tail && kind.name == "zeros";
        const Result<RecordLog> opened = RecordLog::open(kStore, options_for(filesystem));
        ASSERT_EQ(opened.has_value(), !report.refusal);
        EXPECT_EQ(report.frames_checked, 14U);
        EXPECT_EQ(report.*kind.counter, is_unused ? 0U : 1U);
        EXPECT_EQ(report.damage_count, is_unused ? 0U : 1U);
        if (is_unused) continue;
        ASSERT_EQ(report.damages.size(), 1U);
        const Damage& damage = report.damages.front();
        EXPECT_EQ(damage.position, (Position{SegmentId{segment_id}, frame * kFrameSize}));
        EXPECT_EQ(damage.size, kFrameSize);
        EXPECT_EQ(damage.error.segment, SegmentId{segment_id});
        EXPECT_EQ(damage.error.offset, frame * kFrameSize);
        EXPECT_EQ(damage.intact_frames_beyond, 4 - frame);
        EXPECT_EQ(damage.torn_tail, !report.refusal);
        EXPECT_EQ(report.segments[segment_id - 1].damages, 1U);
        // Neither before the first record nor behind the last is a gap.
        EXPECT_EQ(report.txid_gaps, is_tail || (segment_id == 1 && frame == 0) ? 0U : 1U);
        if (opened) continue;
        EXPECT_EQ(report.refusal->code, opened.error().code);
        EXPECT_EQ(report.refusal->message, opened.error().message);
        EXPECT_EQ(report.refusal->segment, opened.error().segment);
        EXPECT_EQ(report.refusal->offset, opened.error().offset);
      }
    }
  }
}

TEST(Verify, DamageInEverySegmentIsFound) {
  SimulatedFilesystem filesystem;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    auto segment = SegmentBuilder().add_run(5 * id - 4, 5 * id);
    segment.damage(kFrameSize + 30).damage(2 * kFrameSize + 30).damage(4 * kFrameSize);
    plant_segment(filesystem, kStore, id, segment.bytes());
  }
  const VerifyReport report = verified(filesystem);
  EXPECT_EQ(report.frames_checked, 6U);
  EXPECT_EQ(report.crc_failures, 6U);
  EXPECT_EQ(report.structural_failures, 3U);
  ASSERT_EQ(report.damages.size(), 9U);
  EXPECT_EQ(report.damages[0].position, (Position{SegmentId{1}, kFrameSize}));
  EXPECT_EQ(report.damages[0].size, kFrameSize);
  EXPECT_EQ(report.damages[0].intact_frames_beyond, 0U);
  EXPECT_EQ(report.damages[1].intact_frames_beyond, 1U);
  EXPECT_EQ(report.damages[2].intact_frames_beyond, 0U);
  EXPECT_EQ(report.refusal->segment, SegmentId{1});
  EXPECT_EQ(report.refusal->offset, kFrameSize);
}

TEST(Verify, MoreDamagesThanAreListedAreCounted) {
  SimulatedFilesystem filesystem;
  SegmentBuilder segment;
  constexpr std::size_t kCount = kDamagesListedMax + 500;
  for (std::size_t index = 0; index < kCount; ++index) {
    segment.add_run(2 * index + 1, 2 * index + 2).damage(2 * index * kFrameSize + 30);
  }
  plant_segment(filesystem, kStore, 1, segment.bytes());
  const VerifyReport report = verified(filesystem);
  EXPECT_EQ(report.damage_count, kCount);
  EXPECT_EQ(report.crc_failures, kCount);
  EXPECT_EQ(report.frames_checked, kCount);
  EXPECT_EQ(report.segments[0].damages, kCount);
  ASSERT_EQ(report.damages.size(), kDamagesListedMax);
  for (const Damage& damage : report.damages) EXPECT_EQ(damage.intact_frames_beyond, 1U);
}

TEST(Verify, AMissingSegmentThatWasDurableIsARefusalWithoutDamage) {
  SimulatedFilesystem filesystem;
  Options options = options_for(filesystem);
  options.create_if_missing = true;
  {
    Result<RecordLog> log = RecordLog::open(kStore, options);
    ASSERT_TRUE(log->append(as_bytes("one")));
    ASSERT_TRUE(log->rotate());
    ASSERT_TRUE(log->append(as_bytes("two")));
    ASSERT_TRUE(log->close());
  }
  EXPECT_TRUE(verified(filesystem).is_sound());
  filesystem.remove("store/00000002.dwal");
  const VerifyReport report = verified(filesystem);
  EXPECT_FALSE(report.is_sound());
  EXPECT_EQ(report.damage_count, 0U);
  ASSERT_TRUE(report.refusal);
  EXPECT_EQ(report.refusal->code, ErrorCode::kCorruption);
  EXPECT_EQ(report.refusal->message, RecordLog::open(kStore, options).error().message);
}

TEST(Verify, RecordsThatAreMissingAtTheEndAreARefusalWithoutDamage) {
  SimulatedFilesystem filesystem;
  Options options = options_for(filesystem);
  options.create_if_missing = true;
  {
    Result<RecordLog> log = RecordLog::open(kStore, options);
    ASSERT_TRUE(log->append(as_bytes("one")));
    ASSERT_TRUE(log->append(as_bytes("two")));
    ASSERT_TRUE(log->close());
  }
  Bytes bytes = *filesystem.read_file("store/00000001.dwal");
  bytes.resize(frame_size(0, 3));
  filesystem.write_file("store/00000001.dwal", bytes);
  const VerifyReport report = verified(filesystem);
  EXPECT_EQ(report.damage_count, 0U);
  EXPECT_EQ(report.frames_checked, 1U);
  ASSERT_TRUE(report.refusal);
  EXPECT_EQ(report.refusal->code, ErrorCode::kCorruption);
}

// Whatever is in a store, verify() says of open() what open() does.
TEST(Verify, TellsWhatOpenDoesWithAnyDamage) {
  constexpr std::uint32_t kSeed = 90125;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  int refused_count = 0;
  constexpr int kRounds = 2'000;
  for (int round = 0; round < kRounds; ++round) {
    SimulatedFilesystem filesystem(random());
    Options options = options_for(filesystem);
    options.create_if_missing = true;
    {
      Result<RecordLog> log = RecordLog::open(kStore, options);
      for (std::size_t count = random() % 12; count > 0; --count) {
        const Bytes payload(random() % 50, static_cast<std::byte>(random()));
        ASSERT_TRUE(log->append(payload));
        if (random() % 4 == 0) {
          ASSERT_TRUE(log->sync());
        }
        if (random() % 6 == 0) {
          ASSERT_TRUE(log->rotate());
        }
      }
      if (random() % 2 == 0) {
        ASSERT_TRUE(log->close());
      } else {
        filesystem.kill_process();
      }
    }
    if (random() % 3 == 0) filesystem.crash(PowerCut::kTear, random());
    if (random() % 3 == 0 && filesystem.exists("store/watermark")) {
      filesystem.remove("store/watermark");
    }
    for (const std::string& name : test::names_in(filesystem, kStore)) {
      Bytes bytes = *filesystem.read_file(std::filesystem::path(kStore) / name);
      if (!parse_segment_name(name) || bytes.empty() || random() % 2 == 0) continue;
      if (random() % 3 == 0) bytes.resize(random() % bytes.size() + random() % 2 * 60);
      if (random() % 3 != 0 && !bytes.empty()) flip(bytes, random() % bytes.size());
      filesystem.write_file(std::filesystem::path(kStore) / name, bytes);
    }
    options.damage = random() % 4 == 0 ? DamagePolicy::kLongestPrefix : DamagePolicy::kRefuse;
    filesystem.reset_counts();
    const Result<VerifyReport> report = verify(kStore, options);
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_EQ(filesystem.mutation_count(), 0U);
    const Result<RecordLog> opened = RecordLog::open(kStore, options);
    ASSERT_EQ(opened.has_value(), !report->refusal) << "seed " << kSeed << " round " << round;
    if (opened) {
      const TailReport& tail = opened->recovery_report().tail;
      EXPECT_EQ(report->tail.kind, tail.kind) << round;
      EXPECT_EQ(report->tail.size, tail.size) << round;
      EXPECT_EQ(report->damage_count > 0,
                tail.kind == TailKind::kIncomplete || tail.kind == TailKind::kDamaged)
          << round;
      for (const Damage& damage : report->damages) EXPECT_TRUE(damage.torn_tail);
      continue;
    }
    ++refused_count;
    EXPECT_EQ(report->refusal->to_string(), opened.error().to_string()) << round;
    for (const Damage& damage : report->damages) EXPECT_FALSE(damage.torn_tail);
  }
  EXPECT_GT(refused_count, kRounds / 10);
  EXPECT_LT(refused_count, kRounds * 9 / 10);
}

TEST(Verify, AnUnfinishedRecordOfALiveWriterIsNoDamageToTheStore) {
  SimulatedFilesystem writer_view;
  Options options = options_for(writer_view);
  options.create_if_missing = true;
  Result<RecordLog> log = RecordLog::open(kStore, options);
  ASSERT_TRUE(log->append(as_bytes("whole")));
  writer_view.inject({.call = SimulatedCall::kWrite, .path_part = ".dwal", .written_prefix = 30});
  ASSERT_FALSE(log->append(as_bytes("half of it")));
  const auto reader_view = writer_view.new_process();
  const VerifyReport report = verified(*reader_view);
  EXPECT_FALSE(report.refusal);
  EXPECT_EQ(report.tail.kind, TailKind::kIncomplete);
  EXPECT_EQ(report.tail.size, 30U);
  ASSERT_EQ(report.damages.size(), 1U);
  EXPECT_TRUE(report.damages[0].torn_tail);
  EXPECT_EQ(report.truncations, 1U);
}

// Real files, a real second thread: what the writer is doing never looks like damage.
TEST(Verify, RunsBesideALiveWriter) {
  const std::filesystem::path store =
      std::filesystem::path(::testing::TempDir()) / "datawal_verify_beside_writer";
  std::filesystem::remove_all(store);
  Result<RecordLog> log = RecordLog::open(store, {.segment_size_max = 1 << 20});
  ASSERT_TRUE(log) << log.error().to_string();
  std::atomic<bool> done = false;
  std::atomic<bool> failed = false;
  std::jthread writer([&] {
    Bytes payload(100'000);
    for (int count = 0; count < 300 && !failed; ++count) {
      payload.resize(100'000 - static_cast<std::size_t>(count % 7) * 16'000, std::byte{1});
      if (!log->append(payload)) failed = true;
    }
    done = true;
  });
  int round_count = 0;
  while (!done || round_count == 0) {
    const Result<VerifyReport> report = verify(store);
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_FALSE(report->refusal) << report->refusal->to_string();
    for (const Damage& damage : report->damages) ASSERT_TRUE(damage.torn_tail);
    ++round_count;
  }
  writer.join();
  EXPECT_FALSE(failed);
  const Result<VerifyReport> report = verify(store);
  EXPECT_TRUE(report->is_sound());
  EXPECT_EQ(report->frames_checked, 300U);
  ASSERT_TRUE(log->close());
  std::filesystem::remove_all(store);
}

}  // namespace
}  // namespace datawal::verify_test
