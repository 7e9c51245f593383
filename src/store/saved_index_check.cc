#include "store/saved_index_check.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "format/names.h"
#include "log/log_scan.h"
#include "log/sidecar_tally.h"
#include "store/checkpointing.h"
#include "store/index_replay.h"
#include "store/key_matcher.h"

namespace datawal {
namespace {

// Whether an error says that the disk cannot be read, and not what is on it.
bool is_failure_to_read(const Error& error) {
  return error.code == ErrorCode::kIo || error.code == ErrorCode::kNotRegularFile;
}

IndexCoverage coverage_of(const LogScan& scan) {
  const LogFacts& facts = scan.facts();
  const RecoveryReport& report = scan.report();
  return {.end = facts.end,
          .last_txid = report.last_txid_seen,
          .last_frame_txid = facts.last_frame_txid,
          .last_frame_crc = facts.last_frame_crc,
          .records = report.records_replayed,
          .txid_gaps = report.txid_gaps,
          .first_txid_gap = report.first_txid_gap};
}

struct DeadPuts {
  std::uint64_t count = 0;
  std::uint64_t size = 0;

  void add(std::uint64_t frame_size) {
    ++count;
    size += frame_size;
  }
  // Of a record that could not be read when it died, no more than a part was counted.
  [[nodiscard]] bool may_be_counted_as(std::uint64_t bytes) const {
    return bytes >= count * kFrameSizeMin && bytes <= size;
  }
};

// The records that the saved index and one that was made of the log lead to, side by side. As both
// have the same secret, a key has the same hash in both.
class RecordComparison {
 public:
  RecordComparison(const StoreIndex& saved, const StoreIndex& folded, SidecarTally& tally)
      : saved_(saved), folded_(folded), tally_(tally) {}

  // Takes the log's next record.
  void add(const ScannedRecord& record) {
    if (record.type != RecordType::kPut) return;
    if (gathered_count_ == gathered_.size()) finish();
    const KeyHash hash = saved_.hash_of(record.key);
    saved_.prefetch(hash);
    folded_.prefetch(hash);
    gathered_[gathered_count_++] = {hash, record.ref};
  }
  // Compares those that are gathered; to be called at the end.
  void finish() {
    for (const Gathered& put : std::span(gathered_).first(gathered_count_)) compare(put);
    gathered_count_ = 0;
  }
  // How many of the saved index's entries lead to a Put of their key.
  [[nodiscard]] std::uint64_t led_to_count() const { return led_to_count_; }
  // The Puts in each segment that are not live.
  [[nodiscard]] const std::map<SegmentId, DeadPuts>& dead() const { return dead_; }

 private:
  struct Gathered {
    KeyHash hash{};
    RecordRef ref = {};
  };

  void compare(const Gathered& put);
  void enter(SegmentId segment);
  [[nodiscard]] static bool holds(const StoreIndex& index, KeyHash hash,
                                  const std::optional<LogAddress>& address) {
    return address && index.holds(hash, *address);
  }

  const StoreIndex& saved_;
  const StoreIndex& folded_;
  SidecarTally& tally_;
  std::array<Gathered, 64> gathered_;
  std::size_t gathered_count_ = 0;
  std::uint64_t led_to_count_ = 0;
  std::map<SegmentId, DeadPuts> dead_;
  std::optional<SegmentId> segment_;
  SegmentAddresses saved_addresses_;  // in that segment
  SegmentAddresses folded_addresses_;
};

void RecordComparison::compare(const Gathered& put) {
  if (segment_ != put.ref.segment) enter(put.ref.segment);
  const std::optional<LogAddress> address = saved_addresses_.find(put.ref.offset);
  const bool is_led_to = holds(saved_, put.hash, address);
  const bool is_live = holds(folded_, put.hash, folded_addresses_.find(put.ref.offset));
  if (is_led_to) ++led_to_count_;
  if (!is_live) dead_[put.ref.segment].add(put.ref.size);
  if (is_live && !is_led_to) {
    tally_.note("leaves out the record here, which is the newest of its key", put.ref.position());
  } else if (is_led_to && !is_live) {
    tally_.note("leads to the record here, which has been replaced or removed since",
                put.ref.position());
  } else if (is_led_to && saved_.records().size_from(*address) < put.ref.size) {
    tally_.note("knows of fewer bytes than the record here has", put.ref.position());
  }
}

void RecordComparison::enter(SegmentId segment) {
  segment_ = segment;
  saved_addresses_ = saved_.records().addresses().addresses_in(segment);
  folded_addresses_ = folded_.records().addresses().addresses_in(segment);
}

class SavedIndexCheck {
 public:
  SavedIndexCheck(const LogView& view, LoadedIndex loaded)
      : view_(view),
        tally_(*view.directory, std::string(kCheckpointName)),
        coverage_(loaded.coverage),
        segments_(loaded.segments),
        is_loaded_at_once_(loaded.index->table_count() <= kTablesLoadedAtOnce),
        saved_(view.directory, {.held = view.held}, std::move(loaded)),
        folded_(view.directory, {.held = view.held}, saved_.secret()) {
    // What is behind the coverage is none of its business, and neither is what the watermark says.
    std::erase_if(view_.segments, [this](SegmentId id) { return id > coverage_.end.segment; });
    view_.watermark.reset();
  }

  [[nodiscard]] Result<SidecarReport> run() &&;

 private:
  [[nodiscard]] LogScan scan() const {
    return {view_, DamagePolicy::kRefuse, ScanRange{.end = coverage_.end}};
  }
  [[nodiscard]] Status fold();
  [[nodiscard]] Status compare_records();
  void compare_facts(const LogScan& folded);
  void compare_dead(const std::map<SegmentId, DeadPuts>& dead);
  void note_misled(std::uint64_t led_to_count);
  [[nodiscard]] bool is_led_to(std::uint64_t slot, LogAddress address) const;

  LogView view_;
  SidecarTally tally_;
  IndexCoverage coverage_;
  std::vector<SegmentFacts> segments_;
  bool is_loaded_at_once_;
  StoreIndex saved_;
  StoreIndex folded_;
};

Result<SidecarReport> SavedIndexCheck::run() && {
  if (!saved_.load_all()) {
    constexpr std::string_view kFault = "is damaged, or contradicts itself, in its tables";
    if (is_loaded_at_once_)
      return std::move(tally_).unused("the checkpoint " + std::string(kFault));
    // Opening does not look at them, and goes by those that are first asked for.
    tally_.note(kFault, std::nullopt);
    return std::move(tally_).finish();
  }
  Status status = fold();
  if (status) status = compare_records();
  if (status) return std::move(tally_).finish();
  if (is_failure_to_read(status.error())) return std::unexpected(std::move(status).error());
  return std::move(tally_).unchecked(std::move(status).error());
}

Status SavedIndexCheck::fold() {
  LogScan records = scan();
  IndexReplay replay(folded_);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, records.next());
    if (!record) break;
    DATAWAL_TRY(replay.add(*record));
  }
  DATAWAL_TRY(replay.finish());
  compare_facts(records);
  return {};
}

void SavedIndexCheck::compare_facts(const LogScan& folded) {
  const std::vector<SegmentFacts>& real = folded.facts().segments;
  for (std::size_t index = 0; index < std::max(real.size(), segments_.size()); ++index) {
    if (index < real.size() && index < segments_.size() && real[index] == segments_[index]) {
      continue;
    }
    const SegmentFacts& differing = index < segments_.size() ? segments_[index] : real[index];
    tally_.note("says other things than hold of the records of this segment",
                Position{differing.id, 0});
  }
  // Which segment it knows the log by has been looked at: the first, or another in its place.
  IndexCoverage coverage = coverage_of(folded);
  coverage.first_segment = coverage_.first_segment;
  coverage.first_frame_crc = coverage_.first_frame_crc;
  if (coverage != coverage_) {
    tally_.note("says other things than hold of the log up to here", coverage_.end);
  }
}

Status SavedIndexCheck::compare_records() {
  LogScan records = scan();
  RecordComparison comparison(saved_, folded_, tally_);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<ScannedRecord> record, records.next());
    if (!record) break;
    comparison.add(*record);
  }
  comparison.finish();
  note_misled(comparison.led_to_count());
  compare_dead(comparison.dead());
  return {};
}

// A compaction goes by them when it decides which Deletes are not needed any more.
void SavedIndexCheck::compare_dead(const std::map<SegmentId, DeadPuts>& dead) {
  for (const SegmentFacts& segment : segments_) {
    const auto found = dead.find(segment.id);
    const DeadPuts real = found == dead.end() ? DeadPuts{} : found->second;
    if (real.may_be_counted_as(saved_.records().addresses().dead_bytes(segment.id))) continue;
    tally_.note("says that other parts of this segment are needed than are",
                Position{segment.id, 0});
  }
}

// Entries that lead to no Put of their key, or are there twice. To name one, records are read until
// it is met.
void SavedIndexCheck::note_misled(std::uint64_t led_to_count) {
  if (saved_.size() == led_to_count) return;
  std::optional<Position> first;
  if (const auto frozen = saved_.freeze()) {
    frozen->frozen->visit_slots([&](std::uint64_t slot) {
      const LogAddress address = address_in_slot(slot);
      if (first || is_led_to(slot, address)) return;
      first = saved_.records().position(address);
    });
  }
  // If there are fewer than the records they lead to, several of these have the same entry.
  const std::uint64_t count = saved_.size() - std::min(saved_.size(), led_to_count);
  for (std::uint64_t index = 0; index < std::max<std::uint64_t>(count, 1); ++index) {
    tally_.note(first ? "has an entry that leads here, where no record of its key is"
                      : "has several entries for one record",
                first);
  }
}

bool SavedIndexCheck::is_led_to(std::uint64_t slot, LogAddress address) const {
  const Result<FetchedFrame> fetched = saved_.records().fetch(address);
  if (!fetched || fetched->frame.record.type != RecordType::kPut) return false;
  const KeyHash hash = saved_.hash_of(fetched->frame.record.key);
  return HashParts(hash).region == region_in_slot(slot) && saved_.holds(hash, address);
}

// Which file has the name of the saved index; nullopt if none.
Result<std::optional<FileIdentity>> saved_identity(const Directory& directory) {
  const auto file = directory.open(kCheckpointName, OpenMode::kRead);
  if (file) return (*file)->identity().value_or(FileIdentity{});
  if (file.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (file.error().code == ErrorCode::kIo) return std::unexpected(file.error());
  return FileIdentity{};  // it is something, if nothing that could be used
}

Result<SidecarReport> check_once(const std::shared_ptr<Directory>& directory,
                                 const Options& options) {
  SidecarTally tally(*directory, std::string(kCheckpointName));
  Result<LogView> view =
      hold_log_view(directory, filesystem_of(options), DamagePolicy::kLongestPrefix);
  if (!view) {
    if (is_failure_to_read(view.error())) return std::unexpected(std::move(view).error());
    return std::move(tally).unchecked(std::move(view).error());
  }
  auto found = find_checkpoint(*view);
  if (!found) return std::move(tally).unused(std::move(found.error().reason));
  return SavedIndexCheck(*view, std::move(found->index)).run();
}

}  // namespace

Result<std::optional<SidecarReport>> check_saved_index(const std::shared_ptr<Directory>& directory,
                                                       const Options& options) {
  constexpr int kAttemptsMax = 3;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    DATAWAL_TRY_ASSIGN(const std::optional<FileIdentity> before, saved_identity(*directory));
    if (!before) return std::nullopt;
    DATAWAL_TRY_ASSIGN(SidecarReport report, check_once(directory, options));
    // A compaction removes it before it replaces a segment. So where it is the same one, the
    // segments have been the same, too.
    DATAWAL_TRY_ASSIGN(const std::optional<FileIdentity> after, saved_identity(*directory));
    if (before == after) return report;
  }
  SidecarTally tally(*directory, std::string(kCheckpointName));
  return std::move(tally).unchecked(
      Error{.code = ErrorCode::kGap,
            .message = "the saved index was replaced again and again while it was looked at; "
                       "verify the store once more when less is written to it"});
}

}  // namespace datawal
