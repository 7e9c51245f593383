// Finds the intact frames of a stretch of a segment, in front of damage, between it and behind it.
// Memory is bounded, and the work is linear in the stretch, whatever its bytes are.
//
// Where a frame ends, the next begins: what decodes there is a frame. Where nothing decodes, there
// is damage, and the place where the frames go on has to be found. A value may itself hold frames,
// which are no records of this log, so not everything that looks like a frame is one:
//
// 1. A damaged frame with a possible header says where it ends. That is believed if something
// confirms it (the data
//    end there, or there is another header) and no intact frame, begun inside, ends exactly there;
//    such a frame would have to share its last four bytes with the damaged one. What is inside a
//    frame whose extent is believed belongs to its value, and the next frame is looked for where it
//    ends.
// 2. Otherwise the next frame is the first intact one whose txid continues the order: above that of
// the last frame
//    before the damage, and below the limit. Or it is the txid that followed the intact frames
//    before the first damage: the Rust crate goes on with that one behind a torn tail, each time it
//    opens the log again.
// 3. An intact frame whose txid does not continue the order begins a log in a value. The frames
// that follow it with
//    consecutive txids are of that log too.
//
// An announcement whose batch is not whole is damage, as is whatever is damaged of the batch; the
// rest of its frames are frames, for they are valid without it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "datawal/frame.h"
#include "file/filesystem.h"
#include "format/batch_frame.h"
#include "segment/file_window.h"
#include "segment/range_crc.h"

namespace datawal {

struct FoundFrame {
  std::uint64_t offset = 0;
  FrameHeader header = {};
};

// A batch that is not whole.
struct TornBatch {
  Txid txid = 0;           // of its announcement
  std::uint64_t size = 0;  // bytes that it would have, from the announcement on
};

// A frame, or damage, and where.
struct Stretch {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::optional<FrameHeader> frame = {};  // absent: damage
  DecodeOutcome damage = {};              // why no frame decodes at offset, if none does
  std::optional<TornBatch> batch = {};    // if the damage is an announcement, and nothing else
};

class FrameSearch {
 public:
  // Looks at the bytes [begin, end) of `file`, which must outlive the search. A frame, or damage,
  // starts at `begin`. `last_txid` is that of the frame before it, 0 if there is none; any may be
  // the first then. `txid_limit` is one that only later segments reach (the first of the next one);
  // without it, no more txids are expected to be missing than the stretch has room for.
  FrameSearch(const File& file, std::uint64_t begin, std::uint64_t end, Txid last_txid,
              std::optional<Txid> txid_limit = {});

  // The next intact frame, by offset, or nullopt. Fails only where reading fails.
  [[nodiscard]] Result<std::optional<FoundFrame>> next();

  // The same with the damage between the frames: the stretches cover [begin, end) without a gap, as
  // far as the file goes.
  [[nodiscard]] Result<std::optional<Stretch>> next_stretch();

  // What has been read from the file so far, repetitions included.
  [[nodiscard]] std::uint64_t bytes_read() const {
    return window_.bytes_read() + bytes_peeked_ + range_crc_.bytes_read();
  }
  // What checksums have been computed over, the one pass of RangeCrc not counted.
  [[nodiscard]] std::uint64_t bytes_checked() const { return bytes_checked_; }

 private:
  // What is at a place where a frame or damage starts.
  struct Look {
    std::optional<FrameHeader> header = {};  // a possible one, of a frame that is all there
    bool is_intact = false;
    std::uint32_t crc = 0;      // if it is
    DecodeOutcome damage = {};  // if it is not
  };

  [[nodiscard]] Result<Look> look_at(std::uint64_t offset);
  [[nodiscard]] Result<Look> check_body(const FoundFrame& frame);
  [[nodiscard]] Result<std::optional<std::uint32_t>> crc_of(std::uint64_t offset,
                                                            std::uint64_t size);
  [[nodiscard]] Result<ByteView> peek(std::uint64_t offset, std::size_t size);
  [[nodiscard]] Result<std::uint64_t> find_continuation(std::uint64_t offset, const Look& damaged);
  [[nodiscard]] Result<bool> is_believed(std::uint64_t offset, std::uint64_t claimed_end);
  [[nodiscard]] Result<bool> is_confirmed(std::uint64_t claimed_end);
  [[nodiscard]] Result<bool> is_refuted(std::uint64_t offset, std::uint64_t claimed_end);
  [[nodiscard]] Result<std::optional<FoundFrame>> find_header(std::uint64_t offset,
                                                              std::uint64_t end);
  [[nodiscard]] Result<std::uint64_t> data_end();
  [[nodiscard]] bool continues_order(Txid txid) const;
  [[nodiscard]] Result<Stretch> accept(const FoundFrame& frame);
  [[nodiscard]] Result<std::optional<BatchAnnouncement>> announced_by(const FoundFrame& frame);
  [[nodiscard]] Result<BatchProgress> follow_batch(const BatchAnnouncement& announcement,
                                                   Txid txid);

  const File* file_;
  std::uint64_t begin_;
  std::uint64_t end_;
  std::optional<Txid> txid_limit_;
  std::uint64_t position_;           // behind the last stretch
  std::optional<FoundFrame> found_;  // at position_, if it has been found already

  Txid previous_txid_;  // of the last frame
  Txid highest_txid_;
  std::optional<Txid> txid_before_damage_;  // the highest before the first damage

  FileWindow window_;
  RangeCrc range_crc_;
  std::array<std::byte, kFrameHeaderSize> peeked_{};
  std::uint64_t bytes_wasted_ = 0;  // read for the checksums of candidates that were no frames
  std::uint64_t bytes_checked_ = 0;
  std::uint64_t bytes_peeked_ = 0;
  std::uint64_t refutation_allowance_;
  std::optional<std::uint64_t> data_end_;
};

// The txid of the frame that `file` begins with, or nullopt if no frame decodes there.
[[nodiscard]] Result<std::optional<Txid>> first_txid(const File& file);

}  // namespace datawal
