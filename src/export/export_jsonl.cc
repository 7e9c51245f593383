#include <string>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "export/jsonl_line.h"
#include "file/buffered_writer.h"
#include "file/staging.h"
#include "store/data_wal_impl.h"
#include "store/sorted_keys.h"

namespace datawal {
namespace {

Status write_lines(const StoreIndex& index, const SortedKeys& sorted, BufferedWriter& writer) {
  std::string line;
  for (const SortedKeys::Entry& entry : sorted.entries()) {
    DATAWAL_TRY_ASSIGN(const FetchedFrame fetched, index.fetch_at(entry.key, entry.address));
    line.clear();
    append_jsonl_line(line, entry.key, fetched.frame.record.payload);
    DATAWAL_TRY(writer.append(as_bytes(line)));
  }
  return writer.flush();
}

}  // namespace

Result<ExportStats> DataWal::export_jsonl(const std::filesystem::path& file,
                                          Overwrite overwrite) const {
  DATAWAL_TRY_ASSIGN(StagedFile staged, StagedFile::create(impl_->filesystem(), file));
  DATAWAL_TRY_ASSIGN(const SortedKeys sorted, impl_->sorted_keys());
  BufferedWriter writer(staged.file());
  DATAWAL_TRY(write_lines(impl_->index(), sorted, writer));
  DATAWAL_TRY(staged.publish(overwrite == Overwrite::kYes ? Replace::kYes : Replace::kNo));
  return ExportStats{sorted.entries().size(), writer.offset()};
}

}  // namespace datawal
