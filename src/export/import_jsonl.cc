#include <string>
#include <utility>

#include "base/try.h"
#include "datawal/data_wal.h"
#include "export/jsonl_line.h"
#include "export/line_reader.h"
#include "store/data_wal_impl.h"

namespace datawal {
namespace {

// Reads the records of a file in order; errors name the file and the line.
class RecordSource {
 public:
  RecordSource(const File& file, std::string path)
      : lines_(file, kJsonlLineSizeMax), path_(std::move(path)) {}

  [[nodiscard]] Result<std::optional<KeyAndValue>> next() {
    const Result<std::optional<std::string_view>> line = lines_.next();
    if (!line) return std::unexpected(in_line(line.error()));
    if (!*line) return std::nullopt;
    Result<KeyAndValue> record = parse_jsonl_line(**line);
    if (!record) return std::unexpected(in_line(std::move(record).error()));
    ++record_count_;
    return *std::move(record);
  }

  [[nodiscard]] ImportStats stats() const { return {record_count_, lines_.offset()}; }

 private:
  [[nodiscard]] Error in_line(Error error) const {
    if (error.code != ErrorCode::kParse && error.code != ErrorCode::kTooLarge) return error;
    error.message = "line " + std::to_string(lines_.line_number()) + ": " + error.message;
    error.path = path_;
    return error;
  }

  LineReader lines_;
  std::string path_;
  std::uint64_t record_count_ = 0;
};

Status check_all(RecordSource source) {
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<KeyAndValue> record, source.next());
    if (!record) return {};
  }
}

}  // namespace

Result<ImportStats> DataWal::import_jsonl(const std::filesystem::path& file) {
  DATAWAL_TRY(impl_->check_writable());
  DATAWAL_TRY_ASSIGN(const std::unique_ptr<File> input, impl_->filesystem().open_file(file));
  // A bad line must leave the store as it was, and what is appended cannot be taken back: so look
  // first.
  DATAWAL_TRY(check_all(RecordSource(*input, file.string())));
  RecordSource source(*input, file.string());
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::optional<KeyAndValue> record, source.next());
    if (!record) break;
    DATAWAL_TRY(put(record->key, record->value));
  }
  DATAWAL_TRY(sync());
  return source.stats();
}

}  // namespace datawal
