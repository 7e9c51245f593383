// Reads a file line by line, with memory bounded by the longest line allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "file/filesystem.h"

namespace datawal {

class LineReader {
 public:
  // `file` must outlive the reader.
  LineReader(const File& file, std::size_t line_size_max)
      : file_(&file), line_size_max_(line_size_max) {}

  // The next line without its line feed, valid until the next call, or nullopt at the end. Fails
  // with kParse where a line is longer than allowed, or the last one has no line feed.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

  // Of the line that next() gave last, from 1.
  [[nodiscard]] std::uint64_t line_number() const { return line_number_; }
  // Bytes of all lines so far.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  [[nodiscard]] Result<bool> read_more();

  const File* file_;
  std::size_t line_size_max_;
  std::string buffer_;
  std::size_t start_ = 0;  // of the next line, in the buffer
  std::uint64_t file_offset_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t line_number_ = 0;
};

}  // namespace datawal
