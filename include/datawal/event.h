// What a log or a store does by itself, told to whoever wants to know.
//
//   struct Alarm : datawal::EventListener {
//     void on_event(const datawal::Event& event) noexcept override {
//       if (const auto* poisoned = std::get_if<datawal::Poisoned>(&event)) page(poisoned->cause);
//     }
//   };
//   Alarm alarm;
//   auto store = datawal::DataWal::open("state", {.listener = &alarm});
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

#include "datawal/compaction.h"
#include "datawal/error.h"
#include "datawal/export.h"
#include "datawal/frame.h"
#include "datawal/record_log.h"

namespace datawal {

// A segment was closed, durably, and the next begun.
struct SegmentRotated {
  SegmentId sealed{};
  std::uint64_t sealed_bytes = 0;
  SegmentId active{};
};

// Bytes at the end of the log that belong to no record were copied to a file beside it and cut.
struct TailQuarantined {
  Position position = {};   // of the first such byte
  std::uint64_t bytes = 0;  // up to the end of the file as found
  std::string quarantine;   // the name of the file in the store
};

// A write or a sync has failed: the log refuses everything but reading until it is reopened.
struct Poisoned {
  std::string reason;  // what failed
  Error cause;
};

// Segments were rewritten as one, which has the place and the name of the first.
struct SegmentCompacted {
  SegmentId segment{};
  std::uint64_t segments = 0;  // that there were
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

// A compaction in place has ended, of whoever began it.
struct CompactionFinished {
  CompactionReport report;
  std::chrono::nanoseconds elapsed{};
};
struct CompactionFailed {
  Error error;
};

// The index was saved beside the segments, up to here.
struct CheckpointSaved {
  Position covered = {};
};

// More kinds may be added in a minor version: visit with a branch for the rest.
using Event = std::variant<SegmentRotated, TailQuarantined, Poisoned, SegmentCompacted,
                           CompactionFinished, CompactionFailed, CheckpointSaved>;

// See Options::listener.
//
// Thread safety: on_event() is called by the thread that brought the event about, or by another one
// that uses the log at that moment; by one at a time, in the order of the events, and while the
// library holds no lock that reading or writing takes. The events of an open are told before open()
// returns, those of a close before close() does, unless another thread is just telling one.
class DATAWAL_EXPORT EventListener {
 public:
  EventListener() = default;
  EventListener(const EventListener&) = default;
  EventListener& operator=(const EventListener&) = default;
  virtual ~EventListener();

  // May read from the store (get(), contains_key(), size(), stats(), a scan), but not while that is
  // being destroyed: close() it first. Must not write, sync, compact, close or destroy it, nor wait
  // for a thread that does: the event may come from just that. Whoever called the library waits, so
  // it should be short. Cannot throw.
  virtual void on_event(const Event& event) noexcept = 0;
};

}  // namespace datawal
