// What is in a log, damage and all: what verify() reports and what repair() works from.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "datawal/maintenance.h"
#include "file/filesystem.h"

namespace datawal {

// A segment with damage in it, and what a FrameSearch needs to find the same frames again.
struct DamagedSegment {
  SegmentId id{};
  std::uint64_t size = 0;          // bytes of the file
  std::uint64_t search_begin = 0;  // before it are only intact frames
  Txid search_txid = 0;            // of the frame before that
  std::optional<Txid> txid_limit = {};
  std::uint64_t damage_begin = 0;  // of the first damage
  DecodeOutcome first_damage = {};
  std::uint64_t frames_before = 0;  // intact frames before the first damage, and behind it
  std::uint64_t frames_beyond = 0;
  std::uint64_t bytes_damaged = 0;  // in no intact frame
  bool is_torn_tail = false;        // open() would cut the segment at damage_begin
  bool is_shared = false;           // its file has other names too, so that nobody may write to it
};

struct LogSurvey {
  VerifyReport report;
  std::vector<DamagedSegment> damaged;
};

// Fails only where reading fails.
[[nodiscard]] Result<LogSurvey> survey_log(const std::shared_ptr<Directory>& directory,
                                           const Options& options);

}  // namespace datawal
