// Reading values and lines from standard input and files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "datawal/bytes.h"
#include "datawal/error.h"

namespace datawal::cli {

// A file that is open for reading, or standard input.
class InputFile {
 public:
  // "-" is standard input.
  [[nodiscard]] static Result<InputFile> open(const std::string& path);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  // Up to `buffer.size()` bytes, 0 at the end.
  [[nodiscard]] Result<std::size_t> read(MutableByteView buffer);
  // Whether read() would have to wait.
  [[nodiscard]] bool would_wait() const;
  // The file's bytes if it is a regular one.
  [[nodiscard]] std::optional<std::uint64_t> size() const;
  // "standard input", or the path.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  InputFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

  int fd_;
  std::string name_;
};

// The whole content. Fails with kTooLarge above `size_max` bytes.
[[nodiscard]] Result<Bytes> read_all(InputFile& input, std::size_t size_max);

// Takes lines from an input, one at a time.
class LineReader {
 public:
  LineReader(InputFile& input, std::size_t line_size_max);

  // The next line without its line feed, nullopt at the end. A last line needs no line feed. Valid
  // until the next call. Fails with kTooLarge and kIo.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  // Whether next() would have to wait for somebody to write.
  [[nodiscard]] bool would_wait() const;

  // Of the line that next() gave; the first is 1.
  [[nodiscard]] std::uint64_t line_number() const { return line_number_; }

 private:
  [[nodiscard]] bool has_line() const;
  [[nodiscard]] Status fill();
  std::string_view take(std::size_t size, std::size_t separator_size);

  InputFile& input_;
  std::size_t line_size_max_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of what next() has not given yet
  std::size_t searched_ = 0;  // up to here there is no line feed
  bool at_end_ = false;
  std::uint64_t line_number_ = 0;
};

// The value of a command: an argument, "-" for standard input, or --value-file.
struct ValueArguments {
  std::optional<std::string> argument;
  std::optional<std::string> file;
};
// Fails with kInvalidArgument, kTooLarge, kNotFound and kIo.
[[nodiscard]] Result<Bytes> read_value(const ValueArguments& arguments);

}  // namespace datawal::cli
