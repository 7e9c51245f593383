#include "store/compaction_plan.h"

#include <algorithm>

#include "format/compaction_mark.h"

namespace datawal {
namespace {

// Segments below this part of the largest are worth being joined, for there would be ever more.
constexpr std::uint64_t kSmallPart = 8;

class Planner {
 public:
  explicit Planner(const PlanRule& rule) : rule_(rule) {}

  void add(PlannedSegment segment) {
    if (are_puts_dropped_) segment.needed_tombstone_bytes = 0;  // as far as is known now
    const bool is_worth_it = is_worth_rewriting(segment);
    are_puts_dropped_ = are_puts_dropped_ || (is_worth_it && segment.dead_bytes > 0);
    if (!is_worth_it && !is_small(segment)) return close_group();
    if (!can_join(segment)) close_group();
    is_group_worth_it_ = is_group_worth_it_ || is_worth_it || !group_.empty();
    group_size_ += size_after(segment);
    group_.push_back(segment);
  }

  [[nodiscard]] std::vector<CompactionGroup> finish() {
    close_group();
    return std::move(groups_);
  }

 private:
  [[nodiscard]] static std::uint64_t size_after(const PlannedSegment& segment) {
    return segment.summary.size - segment.garbage();
  }
  // What is dropped leaves a mark, so there must be more of it than that.
  [[nodiscard]] bool is_worth_rewriting(const PlannedSegment& segment) const {
    const auto garbage = static_cast<double>(segment.garbage());
    return segment.garbage() > sizeof(CompactionMarkFrame) &&
           garbage >= rule_.garbage_ratio_min * static_cast<double>(segment.summary.size);
  }
  [[nodiscard]] bool is_small(const PlannedSegment& segment) const {
    return segment.summary.size < rule_.segment_size_max / kSmallPart;
  }
  [[nodiscard]] bool can_join(const PlannedSegment& segment) const {
    if (group_.empty()) return true;
    return segment.summary.raw_records == 0 &&
           group_size_ + size_after(segment) <= rule_.segment_size_max;
  }
  void close_group() {
    if (is_group_worth_it_) groups_.push_back(std::move(group_));
    group_.clear();
    group_size_ = 0;
    is_group_worth_it_ = false;
  }

  PlanRule rule_;
  CompactionGroup group_;
  std::uint64_t group_size_ = 0;
  bool is_group_worth_it_ = false;  // by garbage, or because there are several
  bool are_puts_dropped_ = false;   // so far
  std::vector<CompactionGroup> groups_;
};

}  // namespace

std::uint64_t PlannedSegment::garbage() const noexcept {
  const std::uint64_t tombstones =
      summary.tombstone_bytes - std::min(summary.tombstone_bytes, needed_tombstone_bytes);
  return std::min(dead_bytes + tombstones, summary.size);
}

std::vector<CompactionGroup> plan_compaction(std::span<const PlannedSegment> sealed,
                                             const PlanRule& rule) {
  Planner planner(rule);
  for (const PlannedSegment& segment : sealed) planner.add(segment);
  return planner.finish();
}

}  // namespace datawal
