#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "datawal/maintenance.h"
#include "datawal/record_log.h"
#include "file/simulated_filesystem.h"
#include "format/names.h"
#include "support/segment_builder.h"
#include "support/store_files.h"

namespace datawal::repair_test {
namespace {

using test::encoded;
using test::Files;
using test::files_in;
using test::frames_of;
using test::options_for;
using test::plant_segment;
using test::SegmentBuilder;

constexpr std::string_view kStore = "store";
constexpr std::size_t kFrameSize = frame_size(0, 10);

RepairReport repaired(SimulatedFilesystem& filesystem, Apply apply = Apply::kYes) {
  Result<RepairReport> report = repair(kStore, apply, options_for(filesystem));
  EXPECT_TRUE(report) << report.error().to_string();
  return report ? *std::move(report) : RepairReport{};
}

std::vector<Txid> txids_in(SimulatedFilesystem& filesystem) {
  std::vector<Txid> txids;
  for (const auto& [name, bytes] : files_in(filesystem, kStore)) {
    if (!parse_segment_name(name)) continue;
    for (const Bytes& frame : frames_of(bytes)) {
      txids.push_back(std::get<DecodedFrame>(decode_frame(frame)).record.txid);
    }
  }
  return txids;
}

void expect_open(SimulatedFilesystem& filesystem) {
  const Result<RecordLog> log = RecordLog::open(kStore, options_for(filesystem));
  ASSERT_TRUE(log) << log.error().to_string();
  EXPECT_EQ(log->recovery_report().tail.kind, TailKind::kClean);
}

Bytes part(const Bytes& bytes, std::uint64_t begin, std::uint64_t end) {
  return to_bytes(ByteView(bytes).subspan(begin, end - begin));
}

// Every byte of the segments as they were is still there: in front of the damage where it was, from
// there on in quarantine.
void expect_nothing_destroyed(const Files& before, const Files& after, const RepairReport& report) {
  for (const RepairAction& action : report.actions) {
    const std::string name = segment_name(action.segment);
    const Bytes& original = before.at(name);
    ASSERT_TRUE(after.contains(action.quarantine)) << action.quarantine;
    EXPECT_EQ(after.at(action.quarantine), part(original, action.offset, original.size()));
    ASSERT_GE(after.at(name).size(), action.offset);
    EXPECT_EQ(part(after.at(name), 0, action.offset), part(original, 0, action.offset));
    EXPECT_EQ(original.size() - after.at(name).size(), action.bytes_set_aside);
  }
  for (const auto& [name, bytes] : before) {
    const bool mended = std::ranges::any_of(report.actions, [&](const RepairAction& action) {
      return segment_name(action.segment) == name;
    });
    if (mended || (name == kWatermarkName && report.drops_watermark)) continue;
    ASSERT_TRUE(after.contains(name)) << name;
    EXPECT_EQ(after.at(name), bytes) << name;
  }
}

// Segments 1 to 3 with records 1 to 5, 6 to 10 and 11 to 15; the second and the third damaged in
// the middle.
void plant_damaged_store(SimulatedFilesystem& filesystem) {
  plant_segment(filesystem, kStore, 1, SegmentBuilder().add_run(1, 5).bytes());
  plant_segment(
      filesystem, kStore, 2,
      SegmentBuilder().add_run(6, 10).damage(kFrameSize + 30).damage(3 * kFrameSize).bytes());
  plant_segment(filesystem, kStore, 3, SegmentBuilder().add_run(11, 15).damage(30).bytes());
  filesystem.write_file("store/.lock", {});
}

TEST(Repair, ASoundStoreIsLeftAlone) {
  SimulatedFilesystem filesystem;
  plant_segment(filesystem, kStore, 1, SegmentBuilder().add_run(1, 5).bytes());
  const Files before = files_in(filesystem, kStore);
  EXPECT_FALSE(repaired(filesystem).is_needed());
  EXPECT_EQ(files_in(filesystem, kStore), before);
}

TEST(Repair, DamagedSegmentsKeepTheirIntactFrames) {
  SimulatedFilesystem filesystem;
  plant_damaged_store(filesystem);
  EXPECT_FALSE(RecordLog::open(kStore, options_for(filesystem)));
  const Files before = files_in(filesystem, kStore);
  const RepairReport report = repaired(filesystem);
  const Files after = files_in(filesystem, kStore);
  ASSERT_EQ(report.actions.size(), 2U);
  EXPECT_EQ(report.actions[0].segment, SegmentId{2});
  EXPECT_EQ(report.actions[0].offset, kFrameSize);
  EXPECT_EQ(report.actions[0].frames_kept, 3U);
  EXPECT_EQ(report.actions[0].bytes_set_aside, 2 * kFrameSize);
  EXPECT_EQ(report.actions[0].quarantine, "00000002.dwal.38.quarantine");
  EXPECT_EQ(report.actions[1].segment, SegmentId{3});
  EXPECT_EQ(report.actions[1].frames_kept, 4U);
  EXPECT_EQ(report.found.damage_count, 3U);
  expect_nothing_destroyed(before, after, report);
  EXPECT_EQ(after.size(), 5U);
  EXPECT_EQ(txids_in(filesystem), (std::vector<Txid>{1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 14, 15}));
  EXPECT_FALSE(repaired(filesystem).is_needed());
  expect_open(filesystem);
}

TEST(Repair, ADryRunSaysTheSameAndChangesNothing) {
  SimulatedFilesystem filesystem;
  plant_damaged_store(filesystem);
  filesystem.set_read_only(true);
  const RepairReport planned = repaired(filesystem, Apply::kNo);
  EXPECT_EQ(filesystem.mutation_count(), 0U);
  filesystem.set_read_only(false);
  const RepairReport applied = repaired(filesystem);
  ASSERT_EQ(planned.actions.size(), applied.actions.size());
  for (std::size_t index = 0; index < planned.actions.size(); ++index) {
    EXPECT_EQ(planned.actions[index].segment, applied.actions[index].segment);
    EXPECT_EQ(planned.actions[index].offset, applied.actions[index].offset);
    EXPECT_EQ(planned.actions[index].frames_kept, applied.actions[index].frames_kept);
    EXPECT_EQ(planned.actions[index].bytes_set_aside, applied.actions[index].bytes_set_aside);
    EXPECT_TRUE(planned.actions[index].quarantine.empty());
  }
}

TEST(Repair, ADamagedEndIsCutAndOnlyThatIsSetAside) {
  for (const std::uint32_t id : {1U, 2U}) {
    SimulatedFilesystem filesystem;
    plant_segment(filesystem, kStore, 1, SegmentBuilder().add_run(1, 5).bytes());
    plant_segment(filesystem, kStore, 2, SegmentBuilder().add_run(6, 9).bytes());
    const std::string path = "store/" + segment_name(SegmentId{id});
    Bytes bytes = *filesystem.read_file(path);
    bytes.resize(bytes.size() - 7);
    filesystem.write_file(path, bytes);
    const Files before = files_in(filesystem, kStore);
    filesystem.reset_counts();
    const RepairReport report = repaired(filesystem);
    ASSERT_EQ(report.actions.size(), 1U);
    EXPECT_EQ(report.actions[0].bytes_set_aside, kFrameSize - 7);
    expect_nothing_destroyed(before, files_in(filesystem, kStore), report);
    EXPECT_EQ(filesystem.bytes_written(), kFrameSize - 7) << "only the end is copied";
    expect_open(filesystem);
  }
}

TEST(Repair, ATornTailGoesAsOpenWouldCutItThoughFramesAreBehindIt) {
  // A power cut behind the watermark: the second of three pages never reached the disk.
  SimulatedFilesystem filesystem;
  Options options = options_for(filesystem);
  options.create_if_missing = true;
  {
    Result<RecordLog> log = RecordLog::open(kStore, options);
    ASSERT_TRUE(log->append(as_bytes("durable")));
    ASSERT_TRUE(log->sync());
    for (int count = 0; count < 5; ++count) ASSERT_TRUE(log->append(as_bytes("not")));
    filesystem.crash(PowerCut::kKeepPending);
  }
  Bytes bytes = *filesystem.read_file("store/00000001.dwal");
  bytes[frame_size(0, 7) + 26] ^= std::byte{1};
  filesystem.write_file("store/00000001.dwal", bytes);
  const Files before = files_in(filesystem, kStore);
  const auto opening = filesystem.clone();
  {
    const Result<RecordLog> log = RecordLog::open(kStore, options_for(*opening));
    ASSERT_TRUE(log) << log.error().to_string();
    ASSERT_GT(log->recovery_report().tail.intact_frames_beyond, 0U);
  }
  const RepairReport report = repaired(filesystem);
  EXPECT_FALSE(report.drops_watermark);
  ASSERT_EQ(report.actions.size(), 1U);
  EXPECT_EQ(report.actions[0].frames_kept, 1U);
  expect_nothing_destroyed(before, files_in(filesystem, kStore), report);
  EXPECT_EQ(files_in(filesystem, kStore).at("00000001.dwal"),
            files_in(*opening, kStore).at("00000001.dwal"));
  expect_open(filesystem);
}

TEST(Repair, FramesThatTheRustCrateAppendedBehindATornTailComeBack) {
  SimulatedFilesystem filesystem;
  auto segment = SegmentBuilder().add_run(1, 4);
  segment.bytes().resize(segment.size() - 20);
  segment.add_run(4, 8);
  plant_segment(filesystem, kStore, 1, segment.bytes());
  EXPECT_FALSE(RecordLog::open(kStore, options_for(filesystem)));
  const RepairReport report = repaired(filesystem);
  EXPECT_EQ(report.actions[0].frames_kept, 8U);
  EXPECT_EQ(report.actions[0].bytes_set_aside, kFrameSize - 20);
  EXPECT_EQ(txids_in(filesystem), (std::vector<Txid>{1, 2, 3, 4, 5, 6, 7, 8}));
  expect_open(filesystem);
}

TEST(Repair, FramesInADamagedValueDoNotBecomeRecords) {
  SimulatedFilesystem filesystem;
  auto segment = SegmentBuilder().add_run(1, 2);
  const auto backup = SegmentBuilder().add_run(3, 6);
  const std::uint64_t damaged = segment.add({.txid = 3, .payload = backup.bytes()});
  segment.add_run(4, 5).damage(damaged + 30);
  plant_segment(filesystem, kStore, 1, segment.bytes());
  repaired(filesystem);
  EXPECT_EQ(txids_in(filesystem), (std::vector<Txid>{1, 2, 4, 5}));
}

TEST(Repair, AWatermarkWhosePositionsMoveIsDropped) {
  SimulatedFilesystem filesystem;
  Options options = options_for(filesystem);
  options.create_if_missing = true;
  {
    Result<RecordLog> log = RecordLog::open(kStore, options);
    for (int count = 0; count < 5; ++count) ASSERT_TRUE(log->append(as_bytes("0123456789")));
    ASSERT_TRUE(log->close());
  }
  filesystem.write_file(
      "store/00000001.dwal",
      SegmentBuilder{*filesystem.read_file("store/00000001.dwal")}.damage(kFrameSize + 30).bytes());
  EXPECT_TRUE(repaired(filesystem, Apply::kNo).drops_watermark);
  EXPECT_TRUE(repaired(filesystem).drops_watermark);
  EXPECT_FALSE(filesystem.exists("store/watermark"));
  EXPECT_EQ(txids_in(filesystem), (std::vector<Txid>{1, 3, 4, 5}));
  expect_open(filesystem);
}

TEST(Repair, AStoreWithAMissingSegmentOpensAgain) {
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
  filesystem.remove("store/00000002.dwal");
  ASSERT_FALSE(RecordLog::open(kStore, options_for(filesystem)));
  const RepairReport report = repaired(filesystem);
  EXPECT_TRUE(report.is_needed());
  EXPECT_TRUE(report.drops_watermark);
  EXPECT_TRUE(report.actions.empty());
  EXPECT_EQ(txids_in(filesystem), std::vector<Txid>{1});
  expect_open(filesystem);
}

TEST(Repair, ARecordOfANewerFormatIsNoDamage) {
  // A version, a type and a flag that this build does not know, in a frame whose checksum holds.
  for (const std::size_t field : {4U, 6U, 7U}) {
    SimulatedFilesystem filesystem;
    Bytes frame = encoded({.txid = 2, .payload = as_bytes("from the future")});
    frame[field] = std::byte{9};
    const std::uint32_t crc = crc32c(ByteView(frame).first(frame.size() - kFrameCrcSize));
    for (unsigned index = 0; index < 4; ++index) {
      frame[frame.size() - 4 + index] = static_cast<std::byte>(crc >> (8 * index));
    }
    auto segment = SegmentBuilder().add_run(1, 1);
    segment.add_bytes(frame);
    segment.add_run(3, 4);
    plant_segment(filesystem, kStore, 1, segment.bytes());
    const Files before = files_in(filesystem, kStore);
    for (const Apply apply : {Apply::kNo, Apply::kYes}) {
      const Result<RepairReport> report = repair(kStore, apply, options_for(filesystem));
      ASSERT_FALSE(report);
      EXPECT_EQ(report.error().code, ErrorCode::kUnsupportedVersion);
      EXPECT_EQ(report.error().offset, kFrameSize);
    }
    EXPECT_EQ(files_in(filesystem, kStore), before);
    // The same bytes with a checksum that does not hold are damage.
    segment.damage(kFrameSize + 30);
    plant_segment(filesystem, kStore, 1, segment.bytes());
    repaired(filesystem);
    EXPECT_EQ(txids_in(filesystem), (std::vector<Txid>{1, 3, 4}));
  }
}

TEST(Repair, ALockedStoreIsNotRepairedButLookedAt) {
  SimulatedFilesystem filesystem;
  plant_damaged_store(filesystem);
  const auto directory = filesystem.open_directory(kStore);
  const auto lock = (*directory)->lock(kLockName);
  ASSERT_TRUE(lock);
  const Result<RepairReport> report = repair(kStore, Apply::kYes, options_for(filesystem));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kLocked);
  EXPECT_EQ(repaired(filesystem, Apply::kNo).actions.size(), 2U);
}

TEST(Repair, QuarantineOfEarlierTimesIsNotTouched) {
  SimulatedFilesystem filesystem;
  plant_damaged_store(filesystem);
  const Bytes other = to_bytes(as_bytes("something else that was set aside"));
  filesystem.write_file("store/00000002.dwal.38.quarantine", other);
  filesystem.plant_symlink("store/00000002.dwal.38.2.quarantine");
  const Files before = files_in(filesystem, kStore);
  const RepairReport report = repaired(filesystem);
  EXPECT_EQ(report.actions[0].quarantine, "00000002.dwal.38.3.quarantine");
  expect_nothing_destroyed(before, files_in(filesystem, kStore), report);
}

TEST(Repair, AFullDiskIsNoticedBeforeAnythingChanges) {
  for (std::uint64_t room = 0;; room += 7) {
    SimulatedFilesystem filesystem;
    plant_damaged_store(filesystem);
    const Files before = files_in(filesystem, kStore);
    std::uint64_t used = 0;
    for (const auto& [name, bytes] : before) used += bytes.size();
    filesystem.set_capacity(used + room);
    const Result<RepairReport> report = repair(kStore, Apply::kYes, options_for(filesystem));
    const Files after = files_in(filesystem, kStore);
    if (report) {
      EXPECT_GT(room, 3 * kFrameSize);
      expect_nothing_destroyed(before, after, *report);
      break;
    }
    ASSERT_EQ(report.error().code, ErrorCode::kNoSpace) << report.error().to_string();
    ASSERT_EQ(after, before) << room;
  }
}

// A store with every kind of work for repair(): a sealed segment to rewrite, one to cut, the last
// to rewrite, a watermark to drop.
void plant_store_for_sweeps(SimulatedFilesystem& filesystem) {
  Options options = options_for(filesystem);
  options.create_if_missing = true;
  {
    Result<RecordLog> log = RecordLog::open(kStore, options);
    for (int segment = 0; segment < 3; ++segment) {
      for (int count = 0; count < 5; ++count) ASSERT_TRUE(log->append(as_bytes("0123456789")));
      if (segment < 2) {
        ASSERT_TRUE(log->rotate());
      }
    }
    ASSERT_TRUE(log->close());
  }
  const auto hit = [&](std::uint32_t id, std::uint64_t offset) {
    const std::string path = "store/" + segment_name(SegmentId{id});
    filesystem.write_file(path, SegmentBuilder{*filesystem.read_file(path)}.damage(offset).bytes());
  };
  hit(1, kFrameSize + 30);
  hit(1, 3 * kFrameSize + 2);
  hit(2, 4 * kFrameSize + 30);
  hit(3, 2 * kFrameSize + 30);
}

Files segments_of(const Files& files) {
  Files segments;
  for (const auto& [name, bytes] : files) {
    if (parse_segment_name(name)) segments[name] = bytes;
  }
  return segments;
}

struct Sweep {
  Files before;
  Files segments_after;
  std::uint64_t mutation_count = 0;
  std::uint64_t call_count = 0;
};

// Every intact frame is in its segment, and every damaged byte in some file of the directory.
void expect_everything_is_there(const Sweep& sweep, const Files& now, std::string_view when) {
  for (const auto& [name, bytes] : segments_of(sweep.before)) {
    ASSERT_TRUE(now.contains(name)) << name << ' ' << when;
    const Bytes& segment = now.at(name);
    if (segment == bytes) continue;
    const Bytes& kept = sweep.segments_after.at(name);
    ASSERT_GE(segment.size(), kept.size()) << name << ' ' << when;
    EXPECT_EQ(part(segment, 0, kept.size()), kept) << name << ' ' << when;
    const auto difference = std::ranges::mismatch(bytes, segment);
    const auto offset = static_cast<std::uint64_t>(difference.in1 - bytes.begin());
    const bool is_set_aside = std::ranges::any_of(now, [&](const auto& file) {
      if (!is_quarantine_name(file.first) || !file.first.starts_with(name)) return false;
      const std::uint64_t begin = std::stoull(file.first.substr(name.size() + 1));
      return begin <= offset && file.second == part(bytes, begin, bytes.size());
    });
    ASSERT_TRUE(is_set_aside) << name << ' ' << when;
  }
}

Sweep plan_sweep() {
  SimulatedFilesystem filesystem;
  plant_store_for_sweeps(filesystem);
  Sweep sweep;
  sweep.before = files_in(filesystem, kStore);
  filesystem.reset_counts();
  const RepairReport report = repaired(filesystem);
  sweep.mutation_count = filesystem.mutation_count();
  sweep.call_count = filesystem.call_count();
  EXPECT_EQ(report.actions.size(), 3U);
  const Files after = files_in(filesystem, kStore);
  expect_nothing_destroyed(sweep.before, after, report);
  sweep.segments_after = segments_of(after);
  EXPECT_EQ(txids_in(filesystem), (std::vector<Txid>{1, 3, 5, 6, 7, 8, 9, 11, 12, 14, 15}));
  return sweep;
}

void expect_second_run_finishes(SimulatedFilesystem& filesystem, const Sweep& sweep,
                                std::string_view when) {
  expect_everything_is_there(sweep, files_in(filesystem, kStore), when);
  const Result<RepairReport> again = repair(kStore, Apply::kYes, options_for(filesystem));
  ASSERT_TRUE(again) << again.error().to_string() << ' ' << when;
  const Files after = files_in(filesystem, kStore);
  EXPECT_EQ(segments_of(after), sweep.segments_after) << when;
  expect_everything_is_there(sweep, after, when);
  for (const auto& [name, bytes] : after) EXPECT_FALSE(name.ends_with(".repair")) << when;
  EXPECT_FALSE(repaired(filesystem).is_needed()) << when;
  expect_open(filesystem);
}

TEST(Repair, KilledOrCutFromPowerAtAnyChangeItIsFinishedByTheNext) {
  const Sweep sweep = plan_sweep();
  ASSERT_GT(sweep.mutation_count, 20U);
  for (std::uint64_t stop = 1; stop <= sweep.mutation_count; ++stop) {
    SimulatedFilesystem stopped;
    plant_store_for_sweeps(stopped);
    stopped.stop_at_mutation(stop);
    ASSERT_FALSE(repair(kStore, Apply::kYes, options_for(stopped)));
    ASSERT_TRUE(stopped.is_stopped());
    const std::string at = "at change " + std::to_string(stop);
    for (const PowerCut cut :
         {PowerCut::kDropPending, PowerCut::kKeepPending, PowerCut::kZeroPending}) {
      const auto machine = stopped.clone();
      machine->crash(cut, stop);
      expect_second_run_finishes(*machine, sweep, at);
    }
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto machine = stopped.clone();
      machine->crash(PowerCut::kTear, seed);
      expect_second_run_finishes(*machine, sweep, at + ", torn by seed " + std::to_string(seed));
    }
    const std::uint64_t write_size = stopped.interrupted_write_size();
    stopped.kill_process(write_size / 2);
    expect_second_run_finishes(stopped, sweep, at + ", killed");
  }
}

TEST(Repair, FailedAtAnyCallItIsFinishedByTheNext) {
  const Sweep sweep = plan_sweep();
  for (const bool for_ever : {false, true}) {
    for (const bool takes_effect : {false, true}) {
      for (std::uint64_t call = 1; call <= sweep.call_count; ++call) {
        const std::string when = "call " + std::to_string(call) +
                                 (for_ever ? " and all behind it" : "") +
                                 (takes_effect ? ", done all the same" : "");
        SimulatedFilesystem filesystem;
        plant_store_for_sweeps(filesystem);
        filesystem.inject({.first = call,
                           .count = for_ever ? SimulatedFault::kForEver : 1,
                           .takes_effect = takes_effect});
        const Result<RepairReport> report = repair(kStore, Apply::kYes, options_for(filesystem));
        if (for_ever && !takes_effect) {
          EXPECT_FALSE(report) << when;
        }
        filesystem.clear_faults();
        if (report) {
          EXPECT_EQ(segments_of(files_in(filesystem, kStore)), sweep.segments_after) << when;
        }
        const auto after_power_cut = filesystem.clone();
        after_power_cut->crash(PowerCut::kDropPending);
        expect_second_run_finishes(*after_power_cut, sweep, when + ", then a power cut");
        expect_second_run_finishes(filesystem, sweep, when);
      }
    }
  }
}

TEST(Repair, WhateverTheDamageTheStoreOpensAndNothingIsDestroyed) {
  constexpr std::uint32_t kSeed = 1337;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  int mended_count = 0;
  for (int round = 0; round < 1'500; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    SimulatedFilesystem filesystem(random());
    Txid txid = 1;
    const auto segment_count = static_cast<std::uint32_t>(1 + random() % 3);
    for (std::uint32_t id = 1; id <= segment_count; ++id) {
      SegmentBuilder segment;
      const std::size_t count = random() % 8;
      for (std::size_t index = 0; index < count; ++index) {
        if (random() % 5 == 0) {
          const Bytes nested = SegmentBuilder().add_run(txid, txid + random() % 4).bytes();
          segment.add({.txid = txid++, .payload = nested});
        } else {
          segment.add_run(txid, txid, random() % 40);
          ++txid;
        }
      }
      for (std::size_t hits = random() % 3; hits > 0 && segment.size() > 0; --hits) {
        segment.damage(random() % segment.size());
        if (random() % 4 == 0) segment.bytes().resize(random() % segment.size());
        if (random() % 4 == 0) segment.add_run(txid - 1, txid);
      }
      plant_segment(filesystem, kStore, id, segment.bytes());
    }
    const Files before = files_in(filesystem, kStore);
    const RepairReport report = repaired(filesystem);
    mended_count += report.is_needed() ? 1 : 0;
    const Files after = files_in(filesystem, kStore);
    expect_nothing_destroyed(before, after, report);
    std::uint64_t kept = 0;
    for (const RepairAction& action : report.actions) {
      const Bytes& segment = after.at(segment_name(action.segment));
      kept += frames_of(segment).size();
      EXPECT_EQ(frames_of(segment).size(), action.frames_kept);
    }
    EXPECT_LE(kept, report.found.frames_checked);
    EXPECT_FALSE(repaired(filesystem).is_needed());
    const Result<RecordLog> log = RecordLog::open(kStore, options_for(filesystem));
    ASSERT_TRUE(log) << log.error().to_string();
  }
  EXPECT_GT(mended_count, 500);
}

}  // namespace
}  // namespace datawal::repair_test
