#include "store/compaction_recorder.h"

namespace datawal {

void CompactionRecorder::note(const Status& outcome, const CompactionReport& done,
                              std::chrono::steady_clock::time_point start, EventQueue& events) {
  if (outcome) {
    events.push(CompactionFinished{done, std::chrono::steady_clock::now() - start});
  } else {
    events.push(CompactionFailed{outcome.error()});
  }
  const std::lock_guard lock(mutex_);
  ++(outcome ? totals_.finished : totals_.failed);
  totals_.segments_rewritten += done.segments_rewritten;
  totals_.records_dropped += done.records_dropped;
  totals_.bytes_before += done.bytes_before;
  totals_.bytes_after += done.bytes_after;
}

}  // namespace datawal
