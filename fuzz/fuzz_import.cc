// Any text as a line of an export, and as a whole file: a line that is accepted is written again as
// a line of the same meaning; a file is imported with all of its lines, or leaves the store as it
// was.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "datawal/data_wal.h"
#include "export/jsonl_line.h"
#include "file/simulated_filesystem.h"

namespace datawal {
namespace {

void check_line(std::string_view text) {
  const auto record = parse_jsonl_line(text);
  if (!record) return;
  std::string line;
  append_jsonl_line(line, record->key, record->value);
  line.pop_back();
  const auto again = parse_jsonl_line(line);
  if (!again || again->key != record->key || again->value != record->value) std::abort();
}

void check_file(std::string_view text) {
  SimulatedFilesystem filesystem;
  filesystem.write_file("file", as_bytes(text));
  auto store = DataWal::open("store", {.filesystem = &filesystem});
  if (!store) std::abort();
  const auto imported = store->import_jsonl("file");
  const auto line_count = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
  const std::uint64_t expected = imported ? line_count : 0;
  if (store->log()->last_txid() != expected) std::abort();
  if (imported && imported->records_read != expected) std::abort();
}

}  // namespace
}  // namespace datawal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  datawal::check_line(text);
  datawal::check_file(text);
  return 0;
}
