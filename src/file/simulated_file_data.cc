#include "file/simulated_file_data.h"

#include <algorithm>
#include <limits>

namespace datawal {
namespace {

constexpr std::uint64_t kPageSize = 4096;
constexpr std::uint64_t kSectorSize = 512;
constexpr std::uint64_t kEverything = std::numeric_limits<std::uint64_t>::max();

void copy_bytes(ByteView source, std::size_t target_offset, Bytes& target) {
  std::copy(source.begin(), source.end(),
            target.begin() + static_cast<std::ptrdiff_t>(target_offset));
}

void zero_from(std::size_t begin, Bytes& bytes) {
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(begin, bytes.size())), bytes.end(),
            std::byte{0});
}

}  // namespace

std::size_t SimulatedFileData::read(std::uint64_t offset, MutableByteView buffer) const {
  if (offset >= cached_.size()) return 0;
  const std::size_t size = std::min<std::size_t>(buffer.size(), cached_.size() - offset);
  std::copy_n(cached_.begin() + static_cast<std::ptrdiff_t>(offset), size, buffer.begin());
  return size;
}

void SimulatedFileData::write(std::uint64_t offset, ByteView data) {
  if (data.empty()) return;
  ++sequence_;
  if (offset + data.size() > cached_.size()) change_size(offset + data.size(), false);
  copy_bytes(data, offset, cached_);
  while (!data.empty()) {
    const std::uint64_t begin = offset % kPageSize;
    const ByteView part = data.first(std::min<std::size_t>(data.size(), kPageSize - begin));
    Page& page = pages_[offset / kPageSize];
    page.changes.push_back(
        {.sequence = sequence_, .begin = begin, .written = to_bytes(part), .is_cut = false});
    page.is_dirty = true;
    offset += part.size();
    data = data.subspan(part.size());
  }
}

void SimulatedFileData::truncate(std::uint64_t size) {
  if (size == cached_.size()) return;
  ++sequence_;
  const bool is_cut = size < cached_.size();
  if (is_cut) cut_pages(size);
  change_size(size, is_cut);
}

void SimulatedFileData::change_size(std::uint64_t size, bool is_cut) {
  cached_.resize(size);
  size_changes_.push_back({.sequence = sequence_, .size = size, .is_cut = is_cut});
  is_size_dirty_ = true;
}

// Every page that is on the disk, or could be, loses what is behind the new end.
void SimulatedFileData::cut_pages(std::uint64_t size) {
  const std::uint64_t end = std::max(cached_.size(), durable_.size());
  for (std::uint64_t index = size / kPageSize; index * kPageSize < end; ++index) {
    const std::uint64_t page_begin = index * kPageSize;
    const std::uint64_t begin = size > page_begin ? size - page_begin : 0;
    Page& page = pages_[index];
    page.changes.push_back({.sequence = sequence_, .begin = begin, .written = {}, .is_cut = true});
    // A page behind the end is given back, not written; the one across it is written with zeros.
    page.is_dirty = begin > 0;
  }
}

bool SimulatedFileData::is_dirty() const {
  return is_size_dirty_ ||
         std::ranges::any_of(pages_, [](const auto& entry) { return entry.second.is_dirty; });
}

void SimulatedFileData::sync() {
  if (!is_dirty()) return;
  for (auto& [index, page] : pages_) commit_cuts(index, page);
  durable_.resize(cached_.size());
  for (auto& [index, page] : pages_) {
    if (!page.is_dirty) continue;
    const std::uint64_t begin = std::min<std::uint64_t>(index * kPageSize, cached_.size());
    const std::uint64_t size = std::min<std::uint64_t>(kPageSize, cached_.size() - begin);
    copy_bytes(ByteView(cached_).subspan(begin, size), begin, durable_);
    page.changes.clear();
    page.is_dirty = false;
  }
  std::erase_if(pages_, [](const auto& entry) { return entry.second.changes.empty(); });
  size_changes_.clear();
  is_size_dirty_ = false;
}

// Once the file's new end is on the disk, nothing from behind it comes back.
void SimulatedFileData::commit_cuts(std::uint64_t page_index, Page& page) {
  std::vector<Change> kept;
  for (Change& change : page.changes) {
    if (!change.is_cut) {
      kept.push_back(std::move(change));
      continue;
    }
    const std::uint64_t page_begin = page_index * kPageSize;
    const std::uint64_t page_end = std::min<std::uint64_t>(page_begin + kPageSize, durable_.size());
    for (std::uint64_t at = page_begin + change.begin; at < page_end; ++at) {
      durable_[at] = std::byte{0};
    }
    for (Change& earlier : kept) {
      const std::size_t size = earlier.begin < change.begin ? change.begin - earlier.begin : 0;
      earlier.written.resize(std::min(size, earlier.written.size()));
    }
    std::erase_if(kept, [](const Change& earlier) { return earlier.written.empty(); });
  }
  page.changes = std::move(kept);
}

void SimulatedFileData::fail_sync() {
  for (auto& [index, page] : pages_) page.is_dirty = false;
  is_size_dirty_ = false;
}

void SimulatedFileData::place(ByteView data) {
  cached_ = to_bytes(data);
  durable_ = cached_;
  forget_changes();
}

// The bytes `range` of a page with its first `change_count` changes, and with all cuts up to
// `cut_sequence`.
Bytes SimulatedFileData::content_after(std::uint64_t page_index, const Page& page, Range range,
                                       std::size_t change_count, std::uint64_t cut_sequence) const {
  Bytes content(range.size);
  const std::uint64_t begin = page_index * kPageSize + range.begin;
  if (begin < durable_.size()) {
    const std::uint64_t size = std::min<std::uint64_t>(range.size, durable_.size() - begin);
    copy_bytes(ByteView(durable_).subspan(begin, size), 0, content);
  }
  for (std::size_t index = 0; index < page.changes.size(); ++index) {
    const Change& change = page.changes[index];
    const bool has_happened =
        index < change_count || (change.is_cut && change.sequence <= cut_sequence);
    if (!has_happened) continue;
    const std::size_t end = change.is_cut ? kPageSize : change.begin + change.written.size();
    const std::size_t from = std::max(change.begin, range.begin);
    const std::size_t to = std::min(end, range.begin + range.size);
    if (from >= to) continue;
    if (change.is_cut) {
      zero_from(from - range.begin, content);
    } else {
      const ByteView part = ByteView(change.written).subspan(from - change.begin, to - from);
      copy_bytes(part, from - range.begin, content);
    }
  }
  return content;
}

Bytes SimulatedFileData::page_after(std::uint64_t page_index, const Page& page,
                                    std::size_t change_count, std::uint64_t cut_sequence) const {
  const Range whole = {.begin = 0, .size = kPageSize};
  return content_after(page_index, page, whole, change_count, cut_sequence);
}

// A page that was given back by a cut, and only then written anew, lies in another place on the
// disk, which the file leads to only after the cut.
std::size_t SimulatedFileData::change_count_max(const Page& page, std::uint64_t cut_sequence) {
  const auto is_open_cut = [&](const Change& change) {
    return change.is_cut && change.begin == 0 && change.sequence > cut_sequence;
  };
  const auto end = std::ranges::find_if(page.changes, is_open_cut);
  return static_cast<std::size_t>(end - page.changes.begin());
}

// The size, and the cuts, as they were after the change `sequence`.
SimulatedFileData::Survival SimulatedFileData::survive_until(std::uint64_t sequence) const {
  Survival survival = {.cut_sequence = 0, .size = durable_.size()};
  for (const SizeChange& change : size_changes_) {
    if (change.sequence > sequence) break;
    survival.size = change.size;
    if (change.is_cut) survival.cut_sequence = change.sequence;
  }
  return survival;
}

// Some of the cuts, in order; behind the last of them any size that the file went through while it
// grew, or the end of any page on the way.
SimulatedFileData::Survival SimulatedFileData::survive_by_chance(SimulatedRandom& random) const {
  std::vector<std::uint64_t> stops = {0};
  for (const SizeChange& change : size_changes_) {
    if (change.is_cut) stops.push_back(change.sequence);
  }
  Survival survival = survive_until(stops[random.below(stops.size())]);
  std::vector<std::uint64_t> sizes = {survival.size};
  for (const SizeChange& change : size_changes_) {
    if (change.sequence <= survival.cut_sequence) continue;
    if (change.is_cut) break;
    const std::uint64_t boundary = (sizes.back() / kPageSize + 1) * kPageSize;
    if (boundary < change.size) {
      const std::uint64_t boundary_count = (change.size - boundary + kPageSize - 1) / kPageSize;
      sizes.push_back(boundary + random.below(boundary_count) * kPageSize);
    }
    sizes.push_back(change.size);
  }
  survival.size = sizes[random.below(sizes.size())];
  return survival;
}

// The page as any number of its changes left it: all of it the same number, or each sector its own.
// Now and then a sector ends between two changes, because the disk took it while the later one was
// being copied in.
Bytes SimulatedFileData::torn_page(std::uint64_t page_index, const Page& page,
                                   std::uint64_t cut_sequence, bool by_sector,
                                   SimulatedRandom& random) const {
  const std::size_t count_max = change_count_max(page, cut_sequence);
  if (!by_sector) {
    return page_after(page_index, page, random.below(count_max + 1), cut_sequence);
  }
  constexpr std::uint64_t kSplitOneIn = 8;
  Bytes content(kPageSize);
  for (std::uint64_t begin = 0; begin < kPageSize; begin += kSectorSize) {
    const std::size_t count = random.below(count_max + 1);
    const bool is_split = count < count_max && random.below(kSplitOneIn) == 0;
    const Range sector = {.begin = begin, .size = kSectorSize};
    Bytes bytes = content_after(page_index, page, sector, count, cut_sequence);
    if (is_split) {
      const Bytes newer = content_after(page_index, page, sector, count + 1, cut_sequence);
      copy_bytes(ByteView(newer).first(random.below(kSectorSize)), 0, bytes);
    }
    copy_bytes(bytes, begin, content);
  }
  return content;
}

// Makes the disk's bytes, with `pages` in them, the only ones there are.
void SimulatedFileData::restart(std::uint64_t size, const std::map<std::uint64_t, Bytes>& pages) {
  const std::uint64_t page_count =
      (std::max<std::uint64_t>(size, durable_.size()) + kPageSize - 1) / kPageSize;
  durable_.resize(page_count * kPageSize);
  for (const auto& [index, content] : pages) {
    if (index < page_count) copy_bytes(content, index * kPageSize, durable_);
  }
  durable_.resize(size);
  cached_ = durable_;
  forget_changes();
}

void SimulatedFileData::forget_changes() {
  pages_.clear();
  size_changes_.clear();
  is_size_dirty_ = false;
}

void SimulatedFileData::restart_at(std::uint64_t sequence) {
  const Survival survival = survive_until(sequence);
  std::map<std::uint64_t, Bytes> contents;
  for (const auto& [index, page] : pages_) {
    const auto count = std::ranges::count_if(
        page.changes, [&](const Change& change) { return change.sequence <= sequence; });
    contents[index] =
        page_after(index, page, static_cast<std::size_t>(count), survival.cut_sequence);
  }
  restart(survival.size, contents);
}

// The last change that is on the disk for certain, or one before it.
std::uint64_t SimulatedFileData::sequence_before_changes() const {
  std::uint64_t first = sequence_ + 1;
  for (const auto& [index, page] : pages_) first = std::min(first, page.changes.front().sequence);
  for (const SizeChange& change : size_changes_) first = std::min(first, change.sequence);
  return first - 1;
}

void SimulatedFileData::restart_with_zeros() {
  const Survival survival = survive_until(kEverything);
  std::map<std::uint64_t, Bytes> contents;
  for (const auto& [index, page] : pages_) {
    contents[index] = page_after(index, page, 0, survival.cut_sequence);
  }
  restart(survival.size, contents);
}

void SimulatedFileData::restart_torn(bool by_sector, SimulatedRandom& random) {
  const Survival survival = survive_by_chance(random);
  std::map<std::uint64_t, Bytes> contents;
  for (const auto& [index, page] : pages_) {
    contents[index] = torn_page(index, page, survival.cut_sequence, by_sector, random);
  }
  restart(survival.size, contents);
}

void SimulatedFileData::cut_power(PowerCut policy, SimulatedRandom& random) {
  switch (policy) {
    case PowerCut::kDropPending:
      return restart_at(0);
    case PowerCut::kKeepPending:
      return restart_at(kEverything);
    case PowerCut::kZeroPending:
      return restart_with_zeros();
    case PowerCut::kTear:
      break;
  }
  // Pages and sectors twice: the odd results are the ones to look for.
  switch (random.below(8)) {
    case 0:
      return restart_at(0);
    case 1:
      return restart_at(kEverything);
    case 2:
      return restart_with_zeros();
    case 3:
      return restart_at(sequence_before_changes() +
                        random.below(sequence_ + 1 - sequence_before_changes()));
    case 4:
    case 5:
      return restart_torn(false, random);
    default:
      return restart_torn(true, random);
  }
}

}  // namespace datawal
