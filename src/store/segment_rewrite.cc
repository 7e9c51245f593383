#include "store/segment_rewrite.h"

#include <algorithm>

#include "base/endian.h"
#include "base/try.h"
#include "format/batch_frame.h"
#include "format/compaction_mark.h"
#include "store/by_groups.h"

namespace datawal {
namespace {

std::uint32_t crc_of(const CompactionMarkFrame& frame) {
  return load_le<std::uint32_t>(frame.data() + frame.size() - kFrameCrcSize);
}

// Records about records that are whole, and of no use once those have been looked at.
bool is_spent(const RecordView& record) {
  if (!may_have_meaning(record)) return false;
  if (const auto batch = decode_announcement(record)) return batch->is_supported();
  return decode_compaction_mark(record).has_value();
}

}  // namespace

SegmentRewrite::SegmentRewrite(const StoreIndex& index, const NeededTombstones& needed,
                               const LivePlaces* live, File& target)
    : index_(index),
      needed_(needed),
      live_(live),
      target_(target),
      writer_(target),
      moved_(live != nullptr ? &live->places : nullptr) {}

Result<bool> SegmentRewrite::add(const SegmentSource& source, const SegmentFacts& summary,
                                 const std::function<bool(std::uint64_t)>& pace) {
  if (summary_.id == SegmentId{}) summary_.id = source.id;
  highest_source_txid_ = std::max(highest_source_txid_, summary.highest_txid);
  const Source its{source.id, source_count_++,
                   index_.records().addresses().addresses_in(source.id)};
  FrameBatchesAhead frames(*source.file, summary.size);
  while (true) {
    const std::uint64_t read_before = frames.given().offset();
    const std::uint64_t written_before = writer_.offset();
    DATAWAL_TRY_ASSIGN(const std::span<const BatchedFrame> batch, frames.next());
    if (batch.empty()) break;
    if (live_ == nullptr) judge_by_keys(batch, its);
    for (std::size_t index = 0; index < batch.size(); ++index) {
      const BatchedFrame& frame = batch[index];
      const Judged judged = live_ == nullptr ? judged_[index] : judge_by_place(frame, its);
      DATAWAL_TRY(write(frame, judged, its));
    }
    if (!pace(frames.given().offset() - read_before + writer_.offset() - written_before))
      return false;
  }
  if (frames.given().is_at_end()) return true;
  return std::unexpected(sealed_damage(source.id, frames.given()));
}

// All of the index's lines that a few records need are on their way at once.
void SegmentRewrite::judge_by_keys(std::span<const BatchedFrame> frames, const Source& source) {
  judged_.resize(frames.size());
  const auto begin = [&](std::size_t at) {
    const RecordView& record = frames[at].record;
    if (record.type == RecordType::kRaw) return;
    judged_[at].hash = index_.hash_of(record.key);
    if (record.type == RecordType::kPut) index_.prefetch(judged_[at].hash);
  };
  const auto end = [&](std::size_t at) {
    judged_[at] = judge_one(frames[at], judged_[at].hash, source);
  };
  by_groups(frames.size(), begin, [](std::size_t) {}, end);
}

SegmentRewrite::Judged SegmentRewrite::judge_by_place(const BatchedFrame& frame,
                                                      const Source& source) const {
  if (frame.record.type == RecordType::kPut) {
    const bool is_live = live_->live.has(live_->places.at(source.index, frame.offset));
    return {is_live ? Fate::kMove : Fate::kDrop, {}, {}};
  }
  const bool is_delete = frame.record.type == RecordType::kDelete;
  return judge_one(frame, is_delete ? index_.hash_of(frame.record.key) : KeyHash{}, source);
}

SegmentRewrite::Judged SegmentRewrite::judge_one(const BatchedFrame& frame, KeyHash hash,
                                                 const Source& source) const {
  switch (frame.record.type) {
    case RecordType::kRaw:
      return {is_spent(frame.record) ? Fate::kDrop : Fate::kKeep, {}, {}};
    case RecordType::kDelete:
      return {needed_.is_needed(hash, source.id) ? Fate::kKeep : Fate::kDrop, {}, {}};
    case RecordType::kPut:
      break;
  }
  // What has no address was never asked for one: nothing leads there.
  const std::optional<LogAddress> address = source.addresses.find(frame.offset);
  if (!address) return {Fate::kDrop, hash, {}};
  return {index_.holds(hash, *address) ? Fate::kMove : Fate::kDrop, hash, *address};
}

Status SegmentRewrite::write(const BatchedFrame& frame, const Judged& judged,
                             const Source& source) {
  if (judged.fate == Fate::kDrop) {
    if (!is_spent(frame.record)) ++records_dropped_;
    return mark_txid_ ? Status{} : reserve_mark(frame.record.txid);
  }
  if (judged.fate == Fate::kMove) {
    const auto size = static_cast<std::uint32_t>(frame.bytes.size());
    if (live_ != nullptr) {
      moved_.add(live_->places.at(source.index, frame.offset), writer_.offset(), size);
    } else {
      moved_.add(judged.hash, judged.address, writer_.offset(), size);
    }
  }
  summary_.add(frame.record, frame.bytes.size(), frame.crc);
  return writer_.append(frame.bytes);
}

// The mark takes the place of the first record that is left out, and that record's txid.
Status SegmentRewrite::reserve_mark(Txid txid) {
  mark_txid_ = txid;
  mark_offset_ = writer_.offset();
  return append_mark(txid, 0);
}

Status SegmentRewrite::append_mark(Txid txid, Txid horizon) {
  const CompactionMarkFrame frame = encode_compaction_mark(txid, {horizon});
  const ByteView payload = ByteView(frame).subspan(kFrameHeaderSize + kCompactionMarkKey.size(),
                                                   kCompactionMarkPayloadSize);
  summary_.add({.txid = txid, .key = as_bytes(kCompactionMarkKey), .payload = payload},
               frame.size(), crc_of(frame));
  return writer_.append(frame);
}

// How far the log has come is known only when all records have been judged.
Status SegmentRewrite::write_mark(Txid horizon) {
  const CompactionMarkFrame frame = encode_compaction_mark(*mark_txid_, {horizon});
  if (mark_offset_ == 0) summary_.first_crc = crc_of(frame);
  summary_.horizon = horizon;
  return target_.write_at(mark_offset_, frame);
}

// The log's highest txid stays in it, if only as that of a mark: whoever opens the log would give
// it to another record otherwise, which those who have seen the first would take for that.
Status SegmentRewrite::finish(Txid horizon) {
  const bool is_highest_gone =
      highest_source_txid_ == horizon && summary_.highest_txid < highest_source_txid_;
  if (is_highest_gone) DATAWAL_TRY(append_mark(horizon, horizon));
  DATAWAL_TRY(writer_.flush());
  if (mark_txid_) DATAWAL_TRY(write_mark(horizon));
  return target_.sync();
}

}  // namespace datawal
