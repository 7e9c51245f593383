// Reads the segments of a log by several threads, for the one thread that goes through the log in
// order: what takes long of a segment, reading and checking it, is done by the time that it comes
// to it.
//
// Each thread takes the next segment that nobody has taken, and stops where what it has read waits
// for more than its share of memory. So a log of large records, of which little is remembered, is
// read by all of them at once; of one of small records, of which making an index takes longer than
// reading, the reading is ahead.
//
// A hint spares the reading of its segment; but the records that later ones replace are looked at
// all the same, at random places. If there are many of them and their segment is not in memory,
// that takes far longer than reading the segment. So hints are used until a good many have been
// looked at; then the segments that they were used of are read through after all, and the others.
//
// Thread safety: for one thread; its own threads do not show.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "file/background_thread.h"
#include "log/log_view.h"
#include "log/segment_outlines.h"

namespace datawal {

class ReadAhead {
 public:
  struct Settings {
    unsigned thread_count = 1;
    // So much of what has been read waits, for each thread and for the segment that is asked for; a
    // block more may.
    std::size_t buffer_size = std::size_t{4} << 20;
    bool uses_hints = false;  // of sealed segments
  };
  // With less to read, threads take longer to begin than it takes.
  static constexpr std::uint64_t kLogSizeMin = std::uint64_t{1} << 20;
  // As many threads as help: as there are processors, up to four.
  [[nodiscard]] static Settings settings();

  // Reads the segments of `view` from `begin` on, which lies in its first segment to be read.
  ReadAhead(const LogView& view, std::size_t first_index, std::uint64_t begin,
            const Settings& settings);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();

  // The next block of a segment of the view, of which nobody asks for one before it any more.
  // Nullopt: what else the segment has cannot be read ahead.
  [[nodiscard]] std::optional<OutlineBlock> next(std::size_t index);

  // Says that so many records have been looked at in all.
  void note_looks(std::uint64_t count);

  // Of the segments that have been read: how many of them hints were used of; and those of which
  // one would have been, had it been there and whole.
  [[nodiscard]] std::uint64_t hint_count() const;
  [[nodiscard]] std::vector<SegmentId> lacking_hint() const;

 private:
  struct Segment {
    std::deque<OutlineBlock> blocks;
    std::size_t size = 0;           // of them
    std::uint64_t hinted_size = 0;  // of what a hint was used of
    bool is_done = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  void run();
  void read_through_next(Lock& lock);
  void read(std::size_t index);
  [[nodiscard]] std::uint64_t read_hint(std::size_t index, const File& file);
  [[nodiscard]] bool push(std::size_t index, OutlineBlock block);
  [[nodiscard]] bool may_use_hint(std::size_t index) const;
  void note_hinted(std::size_t index, std::uint64_t size);
  void note_lacking(std::size_t index);

  const LogView view_;
  const std::size_t first_index_;
  const std::uint64_t begin_;
  const std::size_t buffered_size_max_;
  const Settings settings_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable filled_;
  std::condition_variable emptied_;
  std::vector<Segment> segments_;  // by index in the view
  std::size_t buffered_size_ = 0;  // of all of them
  std::size_t next_index_;         // that nobody has taken
  std::size_t asked_index_;        // the last that next() was asked for
  bool is_stopping_ = false;
  bool uses_hints_;
  std::vector<std::size_t> to_read_through_;  // indices
  std::vector<SegmentId> lacking_hint_;
  std::vector<std::unique_ptr<BackgroundThread>> threads_;
};

}  // namespace datawal
