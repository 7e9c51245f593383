// Prints records, one a line: what scan, tail and history show.
#pragma once

#include <string>

#include "datawal/record_log.h"
#include "tools/json_line.h"
#include "tools/render.h"
#include "tools/session.h"

namespace datawal::cli {

class RecordPrinter {
 public:
  RecordPrinter(Session& session, BytesStyle style) : session_(session), style_(style) {}

  // The record with its key and payload; under --json of kind "record".
  void print(const ScannedRecord& record);
  // The record with its key and the sizes of key and payload; under --json of kind "frame".
  void print_frame(const ScannedRecord& record);

 private:
  void begin_line(const ScannedRecord& record);
  [[nodiscard]] static JsonLine begin_json(std::string_view kind, const ScannedRecord& record);

  Session& session_;
  BytesStyle style_;
  std::string line_;
};

// "00000042"
[[nodiscard]] std::string segment_text(SegmentId segment);

}  // namespace datawal::cli
