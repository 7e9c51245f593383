#include "export/line_reader.h"

#include "base/try.h"

namespace datawal {
namespace {

constexpr std::size_t kStepSize = std::size_t{1} << 20;

}  // namespace

Result<std::optional<std::string_view>> LineReader::next() {
  ++line_number_;
  std::size_t searched = start_;
  while (true) {
    const std::size_t feed = buffer_.find('\n', searched);
    if (feed != std::string::npos) {
      const std::string_view line(buffer_.data() + start_, feed - start_);
      start_ = feed + 1;
      offset_ += line.size() + 1;
      return line;
    }
    const std::size_t pending = buffer_.size() - start_;
    if (pending > line_size_max_) {
      return std::unexpected(Error{.code = ErrorCode::kParse,
                                   .message = "the line is longer than any that holds a record (" +
                                              std::to_string(line_size_max_) + " bytes)"});
    }
    DATAWAL_TRY_ASSIGN(const bool more, read_more());
    searched = start_ + pending;
    if (more) continue;
    if (pending == 0) return std::nullopt;
    return std::unexpected(Error{.code = ErrorCode::kParse,
                                 .message = "the line has no line feed at its end: the file is not "
                                            "complete"});
  }
}

// Drops the lines that have been given, and reads on.
Result<bool> LineReader::read_more() {
  buffer_.erase(0, start_);
  start_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kStepSize);
  const auto space = std::as_writable_bytes(std::span(buffer_).subspan(kept));
  DATAWAL_TRY_ASSIGN(const std::size_t count, file_->read_at(file_offset_, space));
  buffer_.resize(kept + count);
  file_offset_ += count;
  return count > 0;
}

}  // namespace datawal
