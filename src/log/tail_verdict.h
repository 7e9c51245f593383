// What the end of a log means: the decision table of recovery, as a pure function. The table stands
// in docs/recovery.md.
#pragma once

#include <cstdint>

namespace datawal {

// How a place relates to the durable watermark.
enum class WatermarkRelation {
  kNone,   // no watermark speaks about this place
  kBelow,  // the place was durable
  kAbove,  // the place is at or behind the watermark, and only this implementation wrote there
};

enum class DecodeFailure { kTruncated, kCrcMismatch, kStructural };

// What is known of the first place in the last segment where no frame decodes.
struct TailEvidence {
  WatermarkRelation watermark = WatermarkRelation::kNone;
  bool end_of_file = false;      // nothing is there
  bool all_zeros = false;        // to the end of the file
  bool first_byte_zero = false;  // a frame's first byte is stored last: zero means never published
  bool same_boot = false;        // no power cut since the watermark was written
  DecodeFailure failure = DecodeFailure::kTruncated;
  bool torn_header = false;  // the beginning of a valid header, and zeros to the end of the file
  bool intact_frames_beyond = false;
  // The intact frames go on with the txid that the damaged place had, up to the end of the file or
  // a torn frame: somebody else has recovered this log before and gone on behind the damage.
  bool continued_beyond = false;
};

enum class TailVerdict {
  kClean,             // the log ends here
  kUnusedSpace,       // zeros that were reserved
  kTorn,              // what a crash leaves
  kRot,               // acknowledged records are damaged or missing
  kPublishedDamage,   // a frame that was whole is damaged, and no crash explains it
  kForeignDamage,     // intact records would be set aside with the damage
  kForeignStructure,  // a header that no version-1 writer and no crash leaves
};

[[nodiscard]] TailVerdict judge_tail(const TailEvidence& evidence);

// The same where the caller has asked for the longest valid prefix: damage that would be a torn
// tail if nothing were known of the log is set aside, whatever is behind it or was known.
[[nodiscard]] TailVerdict judge_tail_leniently(const TailEvidence& evidence);

// Whether the log opens with this verdict.
[[nodiscard]] constexpr bool is_acceptable(TailVerdict verdict) noexcept {
  return verdict == TailVerdict::kClean || verdict == TailVerdict::kUnusedSpace ||
         verdict == TailVerdict::kTorn;
}

}  // namespace datawal
