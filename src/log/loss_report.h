// The file that a salvage leaves in the new store, to say what is not in it: JSON objects, one a
// line.
//
//   {"kind":"loss","segment":1,"offset":66,"size":33,"reason":"...","intact_frames_beyond":7}
//   {"kind":"finding","file":"00000002.dwal","message":"..."}
//   {"kind":"summary","frames_recovered":9,"bytes_recovered":297,"bytes_lost":33,"losses":1,
//    "findings":1}
#pragma once

#include <string_view>

#include "datawal/maintenance.h"
#include "file/buffered_writer.h"
#include "file/filesystem.h"

namespace datawal {

inline constexpr std::string_view kLossReportName = "loss-report.jsonl";

class LossReport {
 public:
  // Writes to `file`, which must outlive the report.
  explicit LossReport(File& file) : file_(&file), writer_(file) {}

  [[nodiscard]] Status add(const Damage& loss);
  [[nodiscard]] Status add(const SalvageFinding& finding);
  // Adds the summary and makes everything durable.
  [[nodiscard]] Status finish(const SalvageReport& report);

 private:
  File* file_;
  BufferedWriter writer_;
};

}  // namespace datawal
