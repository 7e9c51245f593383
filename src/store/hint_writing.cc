#include "store/hint_writing.h"

#include <algorithm>

#include "log/hint_file.h"

namespace datawal {

HintWriting::HintWriting(std::span<const SegmentFacts> segments,
                         std::span<const SegmentId> lacking) {
  if (segments.empty()) return;
  for (const SegmentFacts& segment : segments.first(segments.size() - 1)) {
    if (std::ranges::find(lacking, segment.id) == lacking.end()) settled_[segment.id] = segment;
  }
}

void HintWriting::run(std::span<const SegmentFacts> segments, std::uint64_t size_min,
                      Directory& directory, const std::function<bool()>& goes_on) {
  for (const SegmentFacts& segment : segments) {
    const auto settled = settled_.find(segment.id);
    if (settled != settled_.end() && settled->second == segment) continue;
    if (segment.size < size_min) continue;
    if (!goes_on()) return;
    // What cannot have one is not tried again.
    write_hint(directory, segment.id, goes_on);
    settled_[segment.id] = segment;
  }
}

}  // namespace datawal
