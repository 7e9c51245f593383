#include <string>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "export/jsonl_line.h"
#include "file/buffered_writer.h"
#include "file/staging.h"
#include "store/data_wal_impl.h"
#include "store/snapshot_state.h"
#include "store/sorted_keys.h"

namespace datawal {
namespace {

Status write_lines(const SnapshotState& snapshot, const SortedKeys& sorted,
                   BufferedWriter& writer) {
  std::string line;
  DATAWAL_TRY(snapshot.visit_in_order(sorted, [&](const DecodedFrame& frame) {
    line.clear();
    append_jsonl_line(line, frame.record.key, frame.record.payload);
    return writer.append(as_bytes(line));
  }));
  return writer.flush();
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
