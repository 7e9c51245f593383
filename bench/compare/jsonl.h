// JSON lines {"key_b64":"...","value_b64":"..."} written to a file: the export of stores that have
// none of their own but can show their entries in key order.
#pragma once

#include <filesystem>
#include <string>

#include "datawal/bytes.h"

namespace datawal::bench {

class JsonlWriter {
 public:
  explicit JsonlWriter(const std::filesystem::path& file);
  JsonlWriter(const JsonlWriter&) = delete;
  JsonlWriter& operator=(const JsonlWriter&) = delete;
  ~JsonlWriter();

  void add(ByteView key, ByteView value);
  // Writes what is left, and syncs.
  void finish();

 private:
  void flush();

  int descriptor_;
  std::string buffer_;
};

}  // namespace datawal::bench
