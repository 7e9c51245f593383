#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "datawal/maintenance.h"
#include "datawal/record_log.h"
#include "file/simulated_filesystem.h"
#include "format/names.h"
#include "support/segment_builder.h"
#include "support/store_files.h"
#include "support/unreadable_filesystem.h"

namespace datawal::salvage_test {
namespace {

using test::Files;
using test::files_in;
using test::frames_of;
using test::names_in;
using test::options_for;
using test::plant_segment;
using test::SegmentBuilder;
using test::UnreadableFilesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kSource = "source";
constexpr std::string_view kTarget = "target";
constexpr std::string_view kLossReport = "loss-report.jsonl";
constexpr std::size_t kFrameSize = frame_size(0, 10);

SalvageReport salvaged(Filesystem& filesystem) {
  Options options;
  options.filesystem = &filesystem;
  Result<SalvageReport> report = salvage(kSource, kTarget, options);
  EXPECT_TRUE(report) << report.error().to_string();
  return report ? *std::move(report) : SalvageReport{};
}

std::vector<Txid> txids_of(const Bytes& segment) {
  std::vector<Txid> txids;
  for (const Bytes& frame : frames_of(segment)) {
    txids.push_back(std::get<DecodedFrame>(decode_frame(frame)).record.txid);
  }
  return txids;
}

std::vector<std::string> loss_lines(SimulatedFilesystem& filesystem) {
  const auto bytes = filesystem.read_file(std::filesystem::path(kTarget) / kLossReport);
  EXPECT_TRUE(bytes);
  std::istringstream text{std::string(as_text(bytes ? *bytes : Bytes{}))};
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

void expect_sound(SimulatedFilesystem& filesystem) {
  const Result<VerifyReport> report = verify(kTarget, options_for(filesystem));
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->is_sound());
  const Result<RecordLog> log = RecordLog::open(kTarget, options_for(filesystem));
  EXPECT_TRUE(log) << log.error().to_string();
}

void plant_damaged_source(SimulatedFilesystem& filesystem) {
  plant_segment(
      filesystem, kSource, 1,
      SegmentBuilder().add_run(1, 5).damage(kFrameSize + 30).damage(3 * kFrameSize).bytes());
  plant_segment(filesystem, kSource, 2, {});
  auto torn = SegmentBuilder().add_run(6, 9);
  torn.bytes().resize(torn.size() - 7);
  torn.add_run(9, 12);
  plant_segment(filesystem, kSource, 5, torn.bytes());
}

TEST(Salvage, EveryIntactFrameIsInTheNewStore) {
  SimulatedFilesystem filesystem;
  plant_damaged_source(filesystem);
  const Files source = files_in(filesystem, kSource);
  const SalvageReport report = salvaged(filesystem);
  EXPECT_EQ(files_in(filesystem, kSource), source);
  EXPECT_THAT(names_in(filesystem, kSource),
              ElementsAre("00000001.dwal", "00000002.dwal", "00000005.dwal"));
  const Files target = files_in(filesystem, kTarget);
  EXPECT_EQ(target.size(), 4U);
  EXPECT_THAT(txids_of(target.at("00000001.dwal")), ElementsAre(1, 3, 5));
  EXPECT_TRUE(target.at("00000002.dwal").empty());
  EXPECT_THAT(txids_of(target.at("00000005.dwal")), ElementsAre(6, 7, 8, 9, 10, 11, 12));
  EXPECT_EQ(report.frames_recovered, 10U);
  EXPECT_EQ(report.bytes_recovered, 10 * kFrameSize);
  EXPECT_EQ(report.bytes_lost, 3 * kFrameSize - 7);
  EXPECT_EQ(report.loss_count, 3U);
  ASSERT_EQ(report.losses.size(), 3U);
  EXPECT_EQ(report.losses[0].position, (Position{SegmentId{1}, kFrameSize}));
  EXPECT_EQ(report.losses[0].size, kFrameSize);
  EXPECT_EQ(report.losses[0].error.code, ErrorCode::kCrcMismatch);
  EXPECT_EQ(report.losses[0].intact_frames_beyond, 1U);
  EXPECT_EQ(report.losses[1].error.code, ErrorCode::kStructural);
  EXPECT_EQ(report.losses[2].position, (Position{SegmentId{5}, 3 * kFrameSize}));
  EXPECT_EQ(report.losses[2].size, kFrameSize - 7);
  EXPECT_EQ(report.losses[2].intact_frames_beyond, 4U);
  EXPECT_TRUE(report.findings.empty());
  expect_sound(filesystem);
}

TEST(Salvage, TheLossReportSaysWhatIsNotThere) {
  SimulatedFilesystem filesystem;
  plant_damaged_source(filesystem);
  filesystem.plant_symlink("source/00000007.dwal");
  const SalvageReport report = salvaged(filesystem);
  ASSERT_EQ(report.losses.size(), 3U);
  EXPECT_EQ(loss_lines(filesystem),
            (std::vector<std::string>{
                R"({"kind":"loss","segment":1,"offset":38,"size":38,"reason":")" +
                    report.losses[0].error.message + R"(","intact_frames_beyond":1})",
                R"({"kind":"loss","segment":1,"offset":114,"size":38,"reason":")" +
                    report.losses[1].error.message + R"(","intact_frames_beyond":1})",
                R"({"kind":"loss","segment":5,"offset":114,"size":31,"reason":")" +
                    report.losses[2].error.message + R"(","intact_frames_beyond":4})",
                R"({"kind":"finding","file":"00000007.dwal","message":")" +
                    report.findings.at(0).message + R"("})",
                R"({"kind":"summary","frames_recovered":10,"bytes_recovered":380,"bytes_lost":107,)"
                R"("losses":3,"findings":1})"}));
  EXPECT_THAT(report.losses[0].error.message, HasSubstr("CRC mismatch"));
  EXPECT_THAT(report.losses[1].error.message, HasSubstr("magic"));
}

TEST(Salvage, ASoundStoreIsCopiedWhole) {
  SimulatedFilesystem filesystem;
  auto last = SegmentBuilder().add_run(4, 6, 600'000);
  plant_segment(filesystem, kSource, 1, SegmentBuilder().add_run(1, 3, 3'000'000).bytes());
  const Bytes frames = last.bytes();
  last.add_zeros(1'000'000);  // space that was reserved
  plant_segment(filesystem, kSource, 2, last.bytes());
  const SalvageReport report = salvaged(filesystem);
  EXPECT_EQ(report.loss_count, 0U);
  EXPECT_EQ(report.bytes_lost, 0U);
  EXPECT_EQ(report.frames_recovered, 6U);
  EXPECT_EQ(files_in(filesystem, kTarget).at("00000001.dwal"),
            files_in(filesystem, kSource).at("00000001.dwal"));
  EXPECT_EQ(files_in(filesystem, kTarget).at("00000002.dwal"), frames);
  expect_sound(filesystem);
}

TEST(Salvage, FramesInADamagedValueDoNotBecomeRecords) {
  SimulatedFilesystem filesystem;
  auto segment = SegmentBuilder().add_run(1, 2);
  const std::uint64_t damaged =
      segment.add({.txid = 3, .payload = SegmentBuilder().add_run(3, 9).bytes()});
  segment.add_run(4, 5).damage(damaged + 30);
  plant_segment(filesystem, kSource, 1, segment.bytes());
  salvaged(filesystem);
  EXPECT_THAT(txids_of(files_in(filesystem, kTarget).at("00000001.dwal")), ElementsAre(1, 2, 4, 5));
}

TEST(Salvage, TheNextSegmentLimitsWhatTxidsAreBelieved) {
  SimulatedFilesystem filesystem;
  // The header is gone; the value holds a log whose txids could follow, but for what the next
  // segment begins with.
  auto segment = SegmentBuilder().add_run(1, 2);
  const std::uint64_t damaged =
      segment.add({.txid = 3, .payload = SegmentBuilder().add_run(6, 9).bytes()});
  segment.add_run(4, 5).damage(damaged);
  plant_segment(filesystem, kSource, 1, segment.bytes());
  plant_segment(filesystem, kSource, 2, SegmentBuilder().add_run(6, 7).bytes());
  salvaged(filesystem);
  EXPECT_THAT(txids_of(files_in(filesystem, kTarget).at("00000001.dwal")), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(txids_of(files_in(filesystem, kTarget).at("00000002.dwal")), ElementsAre(6, 7));
}

TEST(Salvage, ALogWhoseTxidsOnceWentBackIsFollowed) {
  SimulatedFilesystem filesystem;
  plant_segment(filesystem, kSource, 1, SegmentBuilder().add_run(1, 10).add_run(4, 6).bytes());
  plant_segment(filesystem, kSource, 2, SegmentBuilder().add_run(7, 12).damage(30).bytes());
  salvaged(filesystem);
  EXPECT_THAT(txids_of(files_in(filesystem, kTarget).at("00000002.dwal")),
              ElementsAre(8, 9, 10, 11, 12));
}

TEST(Salvage, UnreadableBlocksAreLossesOfTheFramesInThem) {
  SimulatedFilesystem filesystem;
  constexpr std::size_t kLarge = frame_size(0, 1'000);
  plant_segment(filesystem, kSource, 1, SegmentBuilder().add_run(1, 40, 1'000).bytes());
  plant_segment(filesystem, kSource, 2, SegmentBuilder().add_run(41, 44).bytes());
  // Blocks 2 and 3, that is bytes 8192 to 16383: frames 8 to 16 have bytes in them.
  UnreadableFilesystem failing(
      filesystem, kSource, {{"00000001.dwal", 9'000, 9'001}, {"00000001.dwal", 12'300, 12'800}});
  const SalvageReport report = salvaged(failing);
  std::vector<Txid> expected;
  for (Txid txid = 1; txid <= 40; ++txid) {
    const std::uint64_t begin = (txid - 1) * kLarge;
    if (begin + kLarge <= 8'192 || begin >= 16'384) expected.push_back(txid);
  }
  EXPECT_EQ(txids_of(files_in(filesystem, kTarget).at("00000001.dwal")), expected);
  EXPECT_THAT(txids_of(files_in(filesystem, kTarget).at("00000002.dwal")),
              ElementsAre(41, 42, 43, 44));
  EXPECT_EQ(report.bytes_lost, (40 - expected.size()) * kLarge);
  ASSERT_FALSE(report.losses.empty());
  EXPECT_EQ(report.losses[0].error.code, ErrorCode::kIo);
  expect_sound(filesystem);
}

TEST(Salvage, ASegmentThatCannotBeReadAtAllIsALoss) {
  SimulatedFilesystem filesystem;
  plant_damaged_source(filesystem);
  filesystem.inject({.count = SimulatedFault::kForEver,
                     .call = SimulatedCall::kOpen,
                     .path_part = "source/00000001.dwal"});
  const SalvageReport report = salvaged(filesystem);
  EXPECT_EQ(report.frames_recovered, 7U);
  ASSERT_EQ(report.losses.size(), 2U);
  EXPECT_EQ(report.losses[0].position, (Position{SegmentId{1}, 0}));
  EXPECT_EQ(report.losses[0].error.code, ErrorCode::kIo);
  EXPECT_TRUE(files_in(filesystem, kTarget).at("00000001.dwal").empty());
}

TEST(Salvage, WhatIsNoSegmentIsAFinding) {
  SimulatedFilesystem filesystem;
  filesystem.plant_symlink("source/00000001.dwal");
  filesystem.plant_directory("source/00000002.dwal");
  filesystem.plant_fifo("source/00000003.dwal");
  auto piece = SegmentBuilder().add_run(700, 705).damage(3);
  filesystem.write_file("source/00000004.dwal.100.quarantine", piece.bytes());
  filesystem.write_file("source/\xC3\xA4 \"\n.quarantine", {});
  filesystem.write_file("source/watermark", {});
  filesystem.write_file("source/notes.txt", {});
  const SalvageReport report = salvaged(filesystem);
  EXPECT_EQ(report.frames_recovered, 0U);
  ASSERT_EQ(report.findings.size(), 5U);
  EXPECT_EQ(report.findings[0].name, "00000001.dwal");
  EXPECT_EQ(report.findings[3].name, "00000004.dwal.100.quarantine");
  EXPECT_THAT(report.findings[3].message, HasSubstr("5 intact records"));
  EXPECT_THAT(names_in(filesystem, kTarget), ElementsAre(kLossReport));
  const auto lines = loss_lines(filesystem);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_THAT(lines[4],
              StartsWith(R"({"kind":"finding","file":"\u00c3\u00a4 \"\u000a.quarantine",)"));
}

TEST(Salvage, AQuarantineFileCanBeSalvagedAsASegment) {
  SimulatedFilesystem filesystem;
  plant_segment(filesystem, kSource, 4, SegmentBuilder().add_run(700, 705).damage(3).bytes());
  EXPECT_EQ(salvaged(filesystem).frames_recovered, 5U);
}

TEST(Salvage, WhereThereIsNothingNothingIsMade) {
  SimulatedFilesystem filesystem;
  Options options = options_for(filesystem);
  EXPECT_EQ(salvage(kSource, kTarget, options).error().code, ErrorCode::kNotFound);
  filesystem.write_file("source/notes.txt", {});
  EXPECT_EQ(salvage(kSource, kTarget, options).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(salvage("source/notes.txt", kTarget, options).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(filesystem.exists(kTarget));
}

TEST(Salvage, ATargetThatIsThereIsNotTouched) {
  SimulatedFilesystem filesystem;
  plant_damaged_source(filesystem);
  filesystem.write_file("target/mine", {});
  EXPECT_EQ(salvage(kSource, kTarget, options_for(filesystem)).error().code, ErrorCode::kNotEmpty);
  EXPECT_THAT(names_in(filesystem, kTarget), ElementsAre("mine"));
  EXPECT_EQ(salvage(kSource, "target/mine", options_for(filesystem)).error().code,
            ErrorCode::kAlreadyExists);
  filesystem.remove("target/mine");
  EXPECT_TRUE(salvage(kSource, kTarget, options_for(filesystem))) << "an empty directory will do";
}

TEST(Salvage, WorksBesideALiveWriterWithoutItsLock) {
  SimulatedFilesystem filesystem;
  Options options = options_for(filesystem);
  options.create_if_missing = true;
  Result<RecordLog> log = RecordLog::open(kSource, options);
  ASSERT_TRUE(log->append(as_bytes("0123456789")));
  EXPECT_EQ(salvaged(filesystem).frames_recovered, 1U);
}

TEST(Salvage, AFullDiskLeavesNothing) {
  bool done = false;
  for (std::uint64_t room = 0; !done; room += 11) {
    SimulatedFilesystem filesystem;
    plant_damaged_source(filesystem);
    const Files source = files_in(filesystem, kSource);
    std::uint64_t used = 0;
    for (const auto& [name, bytes] : source) used += bytes.size();
    filesystem.set_capacity(used + room);
    const Result<SalvageReport> report = salvage(kSource, kTarget, options_for(filesystem));
    done = report.has_value();
    if (done) break;
    EXPECT_EQ(report.error().code, ErrorCode::kNoSpace);
    EXPECT_THAT(names_in(filesystem, "/"), ElementsAre(kSource));
    EXPECT_EQ(files_in(filesystem, kSource), source);
  }
}

Files expected_target(std::uint64_t* mutation_count, std::uint64_t* call_count) {
  SimulatedFilesystem filesystem;
  plant_damaged_source(filesystem);
  filesystem.reset_counts();
  salvaged(filesystem);
  *mutation_count = filesystem.mutation_count();
  *call_count = filesystem.call_count();
  return files_in(filesystem, kTarget);
}

// The target is whole or absent, the source as it was.
void expect_all_or_nothing(SimulatedFilesystem& filesystem, const Files& target,
                           const std::string& when) {
  SimulatedFilesystem untouched;
  plant_damaged_source(untouched);
  EXPECT_EQ(files_in(filesystem, kSource), files_in(untouched, kSource)) << when;
  if (filesystem.exists(kTarget)) {
    EXPECT_EQ(files_in(filesystem, kTarget), target) << when;
  }
}

TEST(Salvage, KilledOrCutFromPowerAtAnyChangeTheTargetIsWholeOrAbsent) {
  std::uint64_t mutation_count = 0;
  std::uint64_t call_count = 0;
  const Files target = expected_target(&mutation_count, &call_count);
  ASSERT_GT(mutation_count, 8U);
  for (std::uint64_t stop = 1; stop <= mutation_count; ++stop) {
    SimulatedFilesystem stopped;
    plant_damaged_source(stopped);
    stopped.stop_at_mutation(stop);
    ASSERT_FALSE(salvage(kSource, kTarget, options_for(stopped)));
    const std::string at = "at change " + std::to_string(stop);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto machine = stopped.clone();
      machine->crash(PowerCut::kTear, seed);
      expect_all_or_nothing(*machine, target, at + ", torn by seed " + std::to_string(seed));
    }
    for (const PowerCut cut :
         {PowerCut::kDropPending, PowerCut::kKeepPending, PowerCut::kZeroPending}) {
      const auto machine = stopped.clone();
      machine->crash(cut);
      expect_all_or_nothing(*machine, target, at);
      if (machine->exists(kTarget)) continue;
      salvaged(*machine);
      EXPECT_EQ(files_in(*machine, kTarget), target) << at;
    }
  }
}

TEST(Salvage, ReturnsOnlyWhenTheTargetOutlivesAPowerCut) {
  std::uint64_t mutation_count = 0;
  std::uint64_t call_count = 0;
  const Files target = expected_target(&mutation_count, &call_count);
  SimulatedFilesystem filesystem;
  plant_damaged_source(filesystem);
  salvaged(filesystem);
  filesystem.crash(PowerCut::kDropPending);
  EXPECT_EQ(files_in(filesystem, kTarget), target);
}

// Reading the source must not fail it; anything else must, cleanly, and the target is whole or
// absent.
TEST(Salvage, FailedAtAnyCallTheTargetIsWholeOrAbsent) {
  std::uint64_t mutation_count = 0;
  std::uint64_t call_count = 0;
  const Files target = expected_target(&mutation_count, &call_count);
  for (const bool for_ever : {false, true}) {
    for (std::uint64_t call = 1; call <= call_count; ++call) {
      SimulatedFilesystem filesystem;
      plant_damaged_source(filesystem);
      filesystem.inject({.first = call, .count = for_ever ? SimulatedFault::kForEver : 1});
      const Result<SalvageReport> report = salvage(kSource, kTarget, options_for(filesystem));
      filesystem.clear_faults();
      const std::string when =
          "call " + std::to_string(call) + (for_ever ? " and all behind it" : "");
      if (!report) {
        expect_all_or_nothing(filesystem, target, when);
        continue;
      }
      const Files found = files_in(filesystem, kTarget);
      EXPECT_EQ(found.contains(std::string(kLossReport)), true) << when;
      EXPECT_FALSE(for_ever) << when;
      if (report->loss_count == 3 && report->frames_recovered == 10) {
        EXPECT_EQ(found, target) << when;
      }
      expect_sound(filesystem);
    }
  }
}

TEST(Salvage, WhateverTheDamageTheNewStoreOpensWithTheIntactFrames) {
  constexpr std::uint32_t kSeed = 31337;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  std::uint64_t loss_count = 0;
  for (int round = 0; round < 1'000; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    SimulatedFilesystem filesystem(random());
    Txid txid = 1;
    const auto segment_count = static_cast<std::uint32_t>(1 + random() % 3);
    for (std::uint32_t id = 1; id <= segment_count; ++id) {
      const Txid last = txid + random() % 8;
      auto segment = SegmentBuilder().add_run(txid, last, random() % 60);
      txid = last + 1;
      for (std::size_t hits = random() % 3; hits > 0; --hits) {
        segment.damage(random() % segment.size());
      }
      plant_segment(filesystem, kSource, id, segment.bytes());
    }
    const Result<VerifyReport> found = verify(kSource, options_for(filesystem));
    const SalvageReport report = salvaged(filesystem);
    EXPECT_EQ(report.frames_recovered, found->frames_checked);
    EXPECT_EQ(report.loss_count, found->damage_count);
    EXPECT_EQ(report.bytes_recovered + report.bytes_lost, found->bytes_checked);
    loss_count += report.loss_count;
    expect_sound(filesystem);
  }
  EXPECT_GT(loss_count, 500U);
}

}  // namespace
}  // namespace datawal::salvage_test
