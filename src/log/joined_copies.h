// What a compaction has left twice, for a moment or by dying there: it joins segments by renaming
// one file with the records of all of them over the first, and then removes the others one by one.
// Until then the records of those others are there once more, behind the first. Folded they are the
// same; but who gives records one by one gives the first copies and passes over the second.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "datawal/record_log.h"
#include "file/filesystem.h"

namespace datawal {

// A record, and how it can be told from another one with its txid.
struct GivenRecord {
  Txid txid = 0;
  std::uint32_t crc = 0;  // of its frame

  friend bool operator==(const GivenRecord&, const GivenRecord&) = default;
};

using OpenSegment = std::function<Result<std::shared_ptr<const File>>(SegmentId)>;

// `last` is the last record of a segment, and `later` are the segments behind that, in order. If
// they begin with what was joined to it, gives where that ends: behind the second copy of `last`.
// What else is before that is either in the joined segment too or was found to be dead. Nullopt
// where there is no such copy with nothing newer and no Raw record before it, for segments with Raw
// records are never joined to others. Segments that are gone by now are passed over.
[[nodiscard]] Result<std::optional<Position>> find_end_of_copies(std::span<const SegmentId> later,
                                                                 const OpenSegment& open,
                                                                 const GivenRecord& last);

}  // namespace datawal
