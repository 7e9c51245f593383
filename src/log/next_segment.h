// The file of the segment that comes next, made before it is needed: under another name, with the
// space and the mapping that the active segment has, too.
//
// Nobody's records are in it. It is not synced: if a power cut leaves something else of it, the
// next open removes that.
#pragma once

#include <memory>

#include "file/filesystem.h"
#include "format/names.h"
#include "segment/segment_writer.h"

namespace datawal {

// Which segment, and how it will be written.
struct NextSegmentPlan {
  SegmentId id;
  SegmentWritePolicy policy;
};

class NextSegment {
 public:
  // Null where there is no room for it, or something else is in its way: then the segment is made
  // when it is needed, and what is wrong said there.
  [[nodiscard]] static std::unique_ptr<NextSegment> make(std::shared_ptr<Directory> directory,
                                                         const NextSegmentPlan& plan);
  NextSegment(const NextSegment&) = delete;
  NextSegment& operator=(const NextSegment&) = delete;
  // Removes the file, unless it has got its name.
  ~NextSegment();

  [[nodiscard]] SegmentId id() const { return id_; }
  // Gives the file its name, which is not synced. kAlreadyExists.
  [[nodiscard]] Result<std::unique_ptr<SegmentWriter>> publish();

 private:
  NextSegment(std::shared_ptr<Directory> directory, SegmentId id,
              std::unique_ptr<SegmentWriter> writer);

  std::shared_ptr<Directory> directory_;  // the log's own, which a thread may outlive
  SegmentId id_;
  std::unique_ptr<SegmentWriter> writer_;  // until it has been published
};

}  // namespace datawal
