#include <span>
#include <string>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "export/jsonl_line.h"
#include "file/buffered_writer.h"
#include "file/staging.h"
#include "store/data_wal_impl.h"
#include "store/ordered_records.h"
#include "store/snapshot_state.h"
#include "store/sorted_keys.h"

namespace datawal {
namespace {

// Lines are handed on when there are so many bytes of them, to be still in the cache then.
constexpr std::size_t kLinesSize = std::size_t{32} << 10;

Status write_lines(const SnapshotState& snapshot, const SortedKeys& sorted,
                   BufferedWriter& writer) {
  OrderedRecords records(snapshot, sorted);
  std::string lines;
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::span<const Item> items, records.next());
    if (items.empty()) return writer.flush();
    for (const Item& item : items) {
      append_jsonl_line(lines, item.key, item.value);
      if (lines.size() < kLinesSize) continue;
      DATAWAL_TRY(writer.append(as_bytes(lines)));
      lines.clear();
    }
    DATAWAL_TRY(writer.append(as_bytes(lines)));
    lines.clear();
  }
}

}  // namespace

Result<ExportStats> Snapshot::export_jsonl(const std::filesystem::path& file,
                                           Overwrite overwrite) const {
  DATAWAL_TRY_ASSIGN(StagedFile staged, StagedFile::create(state_->filesystem(), file));
  DATAWAL_TRY_ASSIGN(const SortedKeys* const sorted, state_->sorted_keys());
  BufferedWriter writer(staged.file());
  DATAWAL_TRY(write_lines(*state_, *sorted, writer));
  DATAWAL_TRY(staged.publish(overwrite == Overwrite::kYes ? Replace::kYes : Replace::kNo));
  return ExportStats{sorted->size(), writer.offset()};
}

Result<ExportStats> DataWal::export_jsonl(const std::filesystem::path& file,
                                          Overwrite overwrite) const {
  DATAWAL_TRY_ASSIGN(const Snapshot taken, snapshot());
  return taken.export_jsonl(file, overwrite);
}

}  // namespace datawal
