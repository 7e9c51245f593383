#include "log/segment_files.h"

#include <utility>

#include "base/try.h"
#include "format/names.h"

namespace datawal {

SegmentFiles::SegmentFiles(std::shared_ptr<const Directory> directory,
                           std::shared_ptr<const SegmentSet> held, std::size_t open_files_max)
    : directory_(std::move(directory)), held_(std::move(held)), open_files_max_(open_files_max) {}

Result<std::shared_ptr<const File>> SegmentFiles::open(SegmentId segment) const {
  if (held_) return held_->file(segment);
  return directory_->open(segment_name(segment), OpenMode::kRead);
}

Result<std::shared_ptr<const File>> SegmentFiles::get(SegmentId segment) {
  const std::scoped_lock lock(mutex_);
  if (!entries_.empty() && entries_.front().segment == segment) return entries_.front().file;
  if (const auto known = by_segment_.find(segment); known != by_segment_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front().file;
  }
  DATAWAL_TRY_ASSIGN(std::shared_ptr<const File> file, open(segment));
  entries_.push_front({segment, file});
  by_segment_[segment] = entries_.begin();
  if (entries_.size() > open_files_max_) {
    by_segment_.erase(entries_.back().segment);
    entries_.pop_back();
  }
  return file;
}

void SegmentFiles::release_held() {
  const std::scoped_lock lock(mutex_);
  held_.reset();
}

void SegmentFiles::forget(SegmentId segment) {
  const std::scoped_lock lock(mutex_);
  const auto known = by_segment_.find(segment);
  if (known == by_segment_.end()) return;
  entries_.erase(known->second);
  by_segment_.erase(known);
}

}  // namespace datawal
