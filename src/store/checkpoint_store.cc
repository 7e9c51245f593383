// A copy of the whole store: the log is all of it, the index is made of that.
#include "base/try.h"
#include "datawal/backup.h"
#include "log/log_checkpoint.h"
#include "store/data_wal_impl.h"

namespace datawal {

Result<CopyStats> DataWal::checkpoint(const std::filesystem::path& target) {
  DATAWAL_TRY_ASSIGN(SharedLog* const log, impl_->writable_log());
  return checkpoint_log(*log, target);
}

}  // namespace datawal
