// Any text as a line of an export: what is accepted is written again as a line of the same meaning.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "export/jsonl_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = datawal::parse_jsonl_line(text);
  if (!record) return 0;
  std::string line;
  datawal::append_jsonl_line(line, record->key, record->value);
  line.pop_back();
  const auto again = datawal::parse_jsonl_line(line);
  if (!again || again->key != record->key || again->value != record->value) std::abort();
  return 0;
}
