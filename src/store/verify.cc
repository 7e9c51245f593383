#include <algorithm>
#include <utility>
#include <vector>

#include "base/try.h"
#include "datawal/maintenance.h"
#include "format/names.h"
#include "log/hint_check.h"
#include "log/log_survey.h"
#include "log/log_view.h"
#include "store/saved_index_check.h"

namespace datawal {
namespace {

// Of the log's last segment no hint is used: it is written to.
Status check_hints(const Directory& directory, VerifyReport& report) {
  const SegmentId last = report.segments.empty() ? SegmentId{} : report.segments.back().id;
  DATAWAL_TRY_ASSIGN(const std::vector<DirectoryEntry> entries, directory.list());
  std::vector<SegmentId> segments;
  for (const DirectoryEntry& entry : entries) {
    if (const auto segment = parse_hint_name(entry.name)) segments.push_back(*segment);
  }
  std::ranges::sort(segments);
  for (const SegmentId segment : segments) {
    report.sidecars.push_back(segment < last ? check_hint(directory, segment)
                                             : unused_hint(directory, segment));
  }
  return {};
}

}  // namespace

Result<VerifyReport> verify(const std::filesystem::path& directory, const Options& options,
                            VerifyScope scope) {
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<Directory> opened, open_store(directory, options));
  DATAWAL_TRY_ASSIGN(LogSurvey survey, survey_log(opened, options));
  VerifyReport& report = survey.report;
  if (scope == VerifyScope::kLog) return std::move(report);
  DATAWAL_TRY_ASSIGN(std::optional<SidecarReport> index, check_saved_index(opened, options));
  if (index) report.sidecars.push_back(*std::move(index));
  DATAWAL_TRY(check_hints(*opened, report));
  return std::move(report);
}

}  // namespace datawal
