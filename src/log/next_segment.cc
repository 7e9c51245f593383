#include "log/next_segment.h"

#include <utility>

#include "base/try.h"

namespace datawal {

NextSegment::NextSegment(std::shared_ptr<Directory> directory, SegmentId id,
                         std::unique_ptr<SegmentWriter> writer)
    : directory_(std::move(directory)), id_(id), writer_(std::move(writer)) {}

std::unique_ptr<NextSegment> NextSegment::make(std::shared_ptr<Directory> directory,
                                               const NextSegmentPlan& plan) {
  const std::string name = prepared_name(plan.id);
  // Of a process that was killed, or of a rotation that came too early. If it cannot be removed,
  // neither can it be made.
  (void)directory->remove(name);
  auto file = directory->open(name, OpenMode::kCreateExclusive);
  if (!file) return nullptr;
  auto writer = std::make_unique<SegmentWriter>(*std::move(file), 0, plan.policy);
  std::unique_ptr<NextSegment> next(
      new NextSegment(std::move(directory), plan.id, std::move(writer)));
  const Status prepared = next->writer_->prepare();
  return prepared ? std::move(next) : nullptr;
}

NextSegment::~NextSegment() {
  if (writer_) (void)directory_->remove(prepared_name(id_));  // if it stays, the next open does
}

Result<std::unique_ptr<SegmentWriter>> NextSegment::publish() {
  DATAWAL_TRY(directory_->rename(prepared_name(id_), segment_name(id_), Replace::kNo));
  return std::move(writer_);
}

}  // namespace datawal
