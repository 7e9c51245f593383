// The watermark sidecar as a file: read by whoever opens a log, written by its writer.
#pragma once

#include <memory>
#include <optional>

#include "file/filesystem.h"
#include "format/watermark_slot.h"

namespace datawal {

// What the sidecar says, or nullopt if there is none or nothing in it is valid.
[[nodiscard]] Result<std::optional<Watermark>> read_watermark(const Directory& directory);

class WatermarkFile {
 public:
  // Opens the sidecar for writing, making it at its full size if it is missing, so that storing
  // needs no space.
  [[nodiscard]] static Result<WatermarkFile> open(Directory& directory);

  // Writes `watermark` with the next sequence number. Not synced.
  [[nodiscard]] Status store(Watermark watermark);
  [[nodiscard]] Status sync();

 private:
  WatermarkFile(std::unique_ptr<File> file, std::uint64_t sequence)
      : file_(std::move(file)), sequence_(sequence) {}

  std::unique_ptr<File> file_;
  std::uint64_t sequence_;
};

}  // namespace datawal
