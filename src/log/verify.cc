#include "base/try.h"
#include "datawal/maintenance.h"
#include "log/log_survey.h"
#include "log/log_view.h"

namespace datawal {

Result<VerifyReport> verify(const std::filesystem::path& directory, const Options& options) {
  DATAWAL_TRY_ASSIGN(const std::shared_ptr<Directory> opened, open_store(directory, options));
  DATAWAL_TRY_ASSIGN(LogSurvey survey, survey_log(opened, options));
  return std::move(survey.report);
}

}  // namespace datawal
