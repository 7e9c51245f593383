// A log of records without keys, for stores that are one.
#include "compare/suites.h"

namespace datawal::bench {
namespace {

void scan_log(const Cell& cell, Log& log) {
  std::uint32_t index = 0;
  log.scan([&cell, &index](ByteView /*key*/, ByteView payload) {
    if (index == cell.dataset().count()) fail(cell.kind().name, "the log has too many records");
    cell.dataset().check_value(index++, Generation::kPut, payload);
  });
  if (index != cell.dataset().count()) fail(cell.kind().name, "the log lacks records");
}

}  // namespace

void run_log_suite(Cell& cell) {
  if (cell.kind().open_log == nullptr) return;
  const std::filesystem::path directory = cell.path("log");
  auto log = cell.kind().open_log(directory);
  const std::uint32_t count = cell.dataset().count();
  const double append_seconds = seconds_of([&] {
    for (std::uint32_t index = 0; index < count; ++index) {
      log->append(cell.dataset().value(index, Generation::kPut));
    }
  });
  cell.add_time("log append", "ns/op", append_seconds, count);
  log.reset();
  const double open_seconds = seconds_of([&] { log = cell.kind().open_log(directory); });
  cell.add("log open", "ms", open_seconds * 1e3, 1);
  const double scan_seconds = seconds_of([&] { scan_log(cell, *log); });
  cell.add_time("log scan", "ns/op", scan_seconds, count);
}

}  // namespace datawal::bench
