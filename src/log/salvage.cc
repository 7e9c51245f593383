#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "datawal/maintenance.h"
#include "file/staging.h"
#include "format/names.h"
#include "log/frame_copy.h"
#include "log/log_view.h"
#include "log/loss_report.h"
#include "log/tail_evidence.h"
#include "log/tolerant_file.h"
#include "log/torn_batch.h"
#include "log/watermark_file.h"
#include "segment/decode_error.h"
#include "segment/frame_search.h"
#include "segment/segment_reader.h"
#include "segment/zero_scan.h"

namespace datawal {
namespace {

// What is in the source, as its listing says.
struct SourceContents {
  std::vector<SegmentId> segments;  // ascending
  std::vector<SalvageFinding> findings;
};

// How many records are in a file that is no segment. It may begin in the middle of one, and with
// any txid.
Result<std::uint64_t> count_frames(const File& file) {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file.size());
  FrameSearch search(file, 0, size, 0);
  std::uint64_t count = 0;
  std::uint64_t torn_end = 0;  // of the last batch that is not whole: its frames are no records
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Stretch> stretch, search.next_stretch());
    if (!stretch) return count;
    if (stretch->batch) torn_end = stretch->offset + stretch->batch->size;
    if (stretch->frame && stretch->offset >= torn_end) ++count;
  }
}

std::string describe_quarantine(const Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::kRead);
  if (!file) return "a quarantine file that cannot be opened: " + file.error().message;
  const auto count = count_frames(TolerantFile(*std::move(file)));
  if (!count) return "a quarantine file that cannot be read: " + count.error().message;
  return "a quarantine file with " + std::to_string(*count) +
         " intact records, which are not in the new store; to get them, copy the file under the "
         "name of a segment into an empty directory and salvage that";
}

Result<SourceContents> list_source(const Directory& directory) {
  DATAWAL_TRY_ASSIGN(std::vector<DirectoryEntry> entries, directory.list());
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  SourceContents contents;
  for (const DirectoryEntry& entry : entries) {
    const std::optional<SegmentId> id = parse_segment_name(entry.name);
    if (id && entry.kind == EntryKind::kFile) {
      contents.segments.push_back(*id);
    } else if (id) {
      contents.findings.push_back(
          {entry.name,
           "has a segment's name and is not a regular file; if it leads to one, copy "
           "that here and salvage again"});
    } else if (is_quarantine_name(entry.name) && entry.kind == EntryKind::kFile) {
      contents.findings.push_back({entry.name, describe_quarantine(directory, entry.name)});
    }
  }
  if (!contents.segments.empty() || !contents.findings.empty()) return contents;
  return std::unexpected(Error{.code = ErrorCode::kNotFound,
                               .message = "there is no segment here; name the directory of a store",
                               .path = directory.path().string()});
}

class Salvage {
 public:
  Salvage(const Directory& source, Directory& target, File& loss_report)
      : source_(source), target_(target), loss_report_(loss_report) {}

  [[nodiscard]] Result<SalvageReport> run(SourceContents contents);

 private:
  [[nodiscard]] Status salvage_segment(SegmentId id, std::optional<Txid> txid_limit, bool is_last);
  [[nodiscard]] Status copy_frames(const TolerantFile& file, FrameSearch& search, FrameCopy& copy,
                                   bool is_last);
  [[nodiscard]] Result<bool> is_unfinished(const TolerantFile& file, const Stretch& torn) const;
  [[nodiscard]] Status lose_batch(const TolerantFile& file, const Stretch& torn);
  [[nodiscard]] std::optional<Txid> limit_for(SegmentId next) const;
  [[nodiscard]] Status lose(Damage loss);
  [[nodiscard]] Status report_loss();
  [[nodiscard]] Error decode_failure(const DecodeOutcome& outcome, std::uint64_t offset) const;

  const Directory& source_;
  Directory& target_;
  LossReport loss_report_;
  SalvageReport report_;
  std::optional<Damage> loss_;  // the last; not reported yet, because of the frames behind it
  std::optional<Watermark> watermark_;
  SegmentId segment_{};
  Txid last_txid_ = 0;  // of the last intact frame
};

Result<SalvageReport> Salvage::run(SourceContents contents) {
  const std::vector<SegmentId>& segments = contents.segments;
  watermark_ = read_watermark(source_).value_or(std::nullopt);
  for (std::size_t index = 0; index < segments.size(); ++index) {
    const bool is_last = index + 1 == segments.size();
    const auto txid_limit = is_last ? std::nullopt : limit_for(segments[index + 1]);
    DATAWAL_TRY(salvage_segment(segments[index], txid_limit, is_last));
    DATAWAL_TRY(report_loss());
  }
  report_.findings = std::move(contents.findings);
  for (const SalvageFinding& finding : report_.findings) DATAWAL_TRY(loss_report_.add(finding));
  DATAWAL_TRY(loss_report_.finish(report_));
  return std::move(report_);
}

// A segment that cannot be read has no say in this.
std::optional<Txid> Salvage::limit_for(SegmentId next) const {
  auto file = source_.open(segment_name(next), OpenMode::kRead);
  if (!file) return {};
  return first_txid(TolerantFile(*std::move(file))).value_or(std::nullopt);
}

Status Salvage::salvage_segment(SegmentId id, std::optional<Txid> txid_limit, bool is_last) {
  segment_ = id;
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> target,
                     target_.open(segment_name(id), OpenMode::kCreateExclusive));
  auto opened = source_.open(segment_name(id), OpenMode::kRead);
  const Result<std::uint64_t> size = opened ? (*opened)->size() : std::unexpected(opened.error());
  if (!size) {
    DATAWAL_TRY(lose({.position = {id, 0}, .error = size.error()}));
    return target->sync();
  }
  const TolerantFile file(*std::move(opened));
  FrameSearch search(file, 0, *size, last_txid_, txid_limit);
  FrameCopy copy(file, *size, *target);
  DATAWAL_TRY(copy_frames(file, search, copy, is_last));
  DATAWAL_TRY(copy.finish());
  report_.frames_recovered += copy.frames();
  report_.bytes_recovered += copy.bytes();
  return {};
}

Status Salvage::copy_frames(const TolerantFile& file, FrameSearch& search, FrameCopy& copy,
                            bool is_last) {
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<Stretch> stretch, search.next_stretch());
    if (!stretch) return {};
    const std::uint64_t end = stretch->offset + stretch->size;
    DecodeOutcome outcome = stretch->damage;
    if (stretch->batch && is_last) {
      DATAWAL_TRY_ASSIGN(const bool unfinished, is_unfinished(file, *stretch));
      if (unfinished) return lose_batch(file, *stretch);
    }
    if (stretch->batch) last_txid_ = stretch->batch->txid;
    if (stretch->frame) {
      DATAWAL_TRY_ASSIGN(outcome, copy.add(stretch->offset, stretch->frame->size()));
      last_txid_ = stretch->frame->txid;
    }
    if (std::holds_alternative<DecodedFrame>(outcome)) {
      if (loss_) ++loss_->intact_frames_beyond;
      continue;
    }
    std::optional<Error> error = file.failure_in(stretch->offset, end);
    if (!error && is_last) {
      // Zeros at the end of the last segment are space that was reserved and not used.
      DATAWAL_TRY_ASSIGN(const std::uint64_t size, file.size());
      DATAWAL_TRY_ASSIGN(const bool unused, is_zero_filled(file, stretch->offset, size));
      if (unused) continue;
    }
    if (!error) error = decode_failure(outcome, stretch->offset);
    if (stretch->batch) error->message = torn_batch_text(outcome);
    DATAWAL_TRY(lose({{segment_, stretch->offset}, stretch->size, *std::move(error)}));
  }
}

// Whether the batch was never finished, as far as open() could tell: then nothing is behind it, and
// nobody was promised any of its records.
Result<bool> Salvage::is_unfinished(const TolerantFile& file, const Stretch& torn) const {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file.size());
  DATAWAL_TRY_ASSIGN(TailFindings findings, examine_tail(file, {torn.offset, size}, torn.damage,
                                                         last_txid_, torn.batch->size));
  if (watermark_) {
    const bool is_durable = Position{segment_, torn.offset} < watermark_->position;
    findings.evidence.watermark = is_durable          ? WatermarkRelation::kBelow
                                  : watermark_->clean ? WatermarkRelation::kNone
                                                      : WatermarkRelation::kAbove;
  }
  return judge_tail(findings.evidence) == TailVerdict::kTorn;
}

// What is there of it would come back as records by themselves.
Status Salvage::lose_batch(const TolerantFile& file, const Stretch& torn) {
  DATAWAL_TRY_ASSIGN(const std::uint64_t size, file.size());
  DATAWAL_TRY_ASSIGN(const DataEnd data_end, find_data_end(file, torn.offset, size));
  Error error = decode_failure(torn.damage, torn.offset);
  error.message = torn_batch_text(torn.damage) + ": it was never finished, and is left out whole";
  return lose({.position = {segment_, torn.offset},
               .size = data_end.offset - torn.offset,
               .error = std::move(error),
               .torn_tail = true});
}

Error Salvage::decode_failure(const DecodeOutcome& outcome, std::uint64_t offset) const {
  return {.code = decode_error_code(outcome),
          .message = decode_error_text(outcome),
          .path = (source_.path() / segment_name(segment_)).string(),
          .segment = segment_,
          .offset = offset};
}

Status Salvage::lose(Damage loss) {
  DATAWAL_TRY(report_loss());
  report_.bytes_lost += loss.size;
  ++report_.loss_count;
  loss_ = std::move(loss);
  return {};
}

Status Salvage::report_loss() {
  if (!loss_) return {};
  DATAWAL_TRY(loss_report_.add(*loss_));
  if (report_.losses.size() < kDamagesListedMax) report_.losses.push_back(*std::move(loss_));
  loss_.reset();
  return {};
}

}  // namespace

Result<SalvageReport> salvage(const std::filesystem::path& source,
                              const std::filesystem::path& target, const Options& options) {
  Filesystem& filesystem = filesystem_of(options);
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<Directory> directory, open_store(source, options));
  DATAWAL_TRY_ASSIGN(SourceContents contents, list_source(*directory));
  DATAWAL_TRY_ASSIGN(StagedDirectory staged, StagedDirectory::create(filesystem, target));
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> loss_report,
                     staged.directory().open(kLossReportName, OpenMode::kCreateExclusive));
  Salvage salvage(*directory, staged.directory(), *loss_report);
  DATAWAL_TRY_ASSIGN(SalvageReport report, salvage.run(std::move(contents)));
  DATAWAL_TRY(staged.publish());
  return report;
}

}  // namespace datawal
