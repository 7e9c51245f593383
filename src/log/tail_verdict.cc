#include "log/tail_verdict.h"

namespace datawal {
namespace {

TailVerdict judge_without_watermark(const TailEvidence& evidence) {
  if (evidence.failure == DecodeFailure::kStructural) {
    return evidence.torn_header ? TailVerdict::kTorn : TailVerdict::kForeignStructure;
  }
  return evidence.intact_frames_beyond ? TailVerdict::kForeignDamage : TailVerdict::kTorn;
}

TailVerdict judge_above_watermark(const TailEvidence& evidence) {
  if (evidence.continued_beyond) return TailVerdict::kForeignDamage;
  // A truncated frame is the prefix of the last write of a process that was killed; intact frames
  // behind its header are then in its value.
  const bool published = evidence.same_boot && !evidence.first_byte_zero &&
                         evidence.failure != DecodeFailure::kTruncated;
  return published && evidence.intact_frames_beyond ? TailVerdict::kPublishedDamage
                                                    : TailVerdict::kTorn;
}

}  // namespace

TailVerdict judge_tail(const TailEvidence& evidence) {
  if (evidence.watermark == WatermarkRelation::kBelow) return TailVerdict::kRot;
  if (evidence.end_of_file) return TailVerdict::kClean;
  if (evidence.all_zeros) return TailVerdict::kUnusedSpace;
  return evidence.watermark == WatermarkRelation::kAbove ? judge_above_watermark(evidence)
                                                         : judge_without_watermark(evidence);
}

TailVerdict judge_tail_leniently(const TailEvidence& evidence) {
  const TailVerdict verdict = judge_tail(evidence);
  if (is_acceptable(verdict)) return verdict;
  if (evidence.end_of_file) return TailVerdict::kClean;
  const bool is_tolerable =
      evidence.all_zeros || evidence.torn_header || evidence.failure != DecodeFailure::kStructural;
  return is_tolerable ? TailVerdict::kTorn : verdict;
}

}  // namespace datawal
