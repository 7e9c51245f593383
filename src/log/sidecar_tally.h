// Counts in how far a sidecar says something else than the log, and words the first such place.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "datawal/maintenance.h"
#include "file/filesystem.h"

namespace datawal {

class SidecarTally {
 public:
  SidecarTally(const Directory& directory, std::string name) : directory_(directory) {
    report_.name = std::move(name);
  }

  // `what` is what the sidecar does that it should not, as in "leaves out the record here".
  void note(std::string_view what, std::optional<Position> place) {
    report_.state = SidecarState::kDisagrees;
    if (report_.disagreements++ > 0) return;
    report_.error = error(ErrorCode::kCorruption,
                          "the sidecar " + std::string(what) +
                              "; remove that file: nothing else is lost, and the next open reads "
                              "the log instead");
    if (!place) return;
    report_.error->segment = place->segment;
    report_.error->offset = place->offset;
  }
  [[nodiscard]] SidecarReport finish() && { return std::move(report_); }

  // In place of what has been counted.
  [[nodiscard]] SidecarReport unused(std::string why) && {
    return settled(SidecarState::kUnused, error(ErrorCode::kGap, std::move(why)));
  }
  [[nodiscard]] SidecarReport unchecked(Error why) && {
    return settled(SidecarState::kUnchecked, std::move(why));
  }

 private:
  [[nodiscard]] Error error(ErrorCode code, std::string message) const {
    return {.code = code,
            .message = std::move(message),
            .path = (directory_.path() / report_.name).string()};
  }
  [[nodiscard]] SidecarReport settled(SidecarState state, Error why) {
    return {.name = std::move(report_.name), .state = state, .error = std::move(why)};
  }

  const Directory& directory_;
  SidecarReport report_;
};

}  // namespace datawal
