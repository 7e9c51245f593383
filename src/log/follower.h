// Follows a log as it grows.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "datawal/record_log_reader.h"
#include "file/filesystem.h"
#include "log/joined_copies.h"
#include "log/log_view.h"
#include "segment/segment_reader.h"

namespace datawal {

class FollowerState {
 public:
  using Made = Result<std::unique_ptr<FollowerState>>;
  [[nodiscard]] static Made from_txid(std::shared_ptr<Directory> directory, Filesystem& filesystem,
                                      Txid from);
  [[nodiscard]] static Made from_end(std::shared_ptr<Directory> directory, Filesystem& filesystem);

  FollowerState(LogView view, Filesystem& filesystem, std::unique_ptr<DirectoryWatch> watch);

  // Begins with these segments, and gives all that is in them.
  void catch_up_with(std::shared_ptr<const SegmentSet> segments);

  [[nodiscard]] Result<std::optional<ScannedRecord>> next(std::chrono::milliseconds timeout);
  [[nodiscard]] Txid txid() const { return seen_.value_or(0); }

 private:
  // What there is to be read at this moment.
  enum class Availability { kRecord, kLookAgain, kNothing };

  [[nodiscard]] Result<Availability> look();
  [[nodiscard]] Result<Availability> enter_segment();
  [[nodiscard]] Status enter_file(std::shared_ptr<const File> file);
  [[nodiscard]] Status enter_at(const LogView& view, Position position, Txid seen);
  [[nodiscard]] Result<Availability> take_frame();
  [[nodiscard]] Result<std::optional<Availability>> pass_copies(Position position);
  [[nodiscard]] Result<std::optional<Position>> find_copies_end() const;
  [[nodiscard]] Result<Availability> look_behind(SegmentStep step);
  [[nodiscard]] Result<Availability> judge_damage();
  [[nodiscard]] Result<bool> has_record_here(Result<LogView> view) const;
  [[nodiscard]] Result<bool> reopen();
  [[nodiscard]] Result<std::optional<std::uint64_t>> place_in_compacted(const File& file,
                                                                        std::uint64_t size) const;
  [[nodiscard]] Result<bool> enter_compacted(std::shared_ptr<const File> file);
  [[nodiscard]] Status enter_joined();
  [[nodiscard]] Status stay_in(SegmentId segment);
  [[nodiscard]] Result<bool> is_still_named() const;
  [[nodiscard]] Result<std::shared_ptr<const File>> open_by_name() const;
  // Whether another segment is known to have followed this one from the start.
  [[nodiscard]] bool is_sealed_in_set() const;
  [[nodiscard]] Result<std::optional<SegmentId>> next_segment() const;
  [[nodiscard]] std::unexpected<Error> removed() const;
  [[nodiscard]] std::unexpected<Error> gap(std::string message) const;

  LogView view_;
  Filesystem& filesystem_;
  std::unique_ptr<DirectoryWatch> watch_;
  std::optional<Position> start_;    // where to go on once there is no reader
  std::optional<Txid> seen_;         // what is up to there has been given, or is of no consequence
  std::optional<GivenRecord> last_;  // that was given
  std::optional<Position> copies_end_;  // what is before has been given, joined to an earlier one
  std::shared_ptr<const SegmentSet> catching_up_;  // until these have been read
  std::shared_ptr<const File> file_;               // shared with them
  std::optional<SegmentReader> reader_;
  SegmentId segment_{};
  std::uint32_t crc_before_ = 0;  // of the frame before the reader's place: tells this file from
                                  // another that has got its name
  std::optional<std::pair<std::uint64_t, std::uint64_t>>
      judged_;  // offset and end: no damage so far
  ScannedRecord record_;
  std::optional<Error> failure_;
};

}  // namespace datawal
