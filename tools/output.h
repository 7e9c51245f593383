// Standard output, in big blocks. The first failed write is remembered and everything behind it is
// dropped: whoever produces much asks usable() now and then, and the end of the program tells.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace datawal::cli {

class Output {
 public:
  explicit Output(int fd);

  void write(std::string_view text);
  void flush();

  [[nodiscard]] bool usable() const { return os_error_ == 0; }
  // errno of the write that failed; 0 if none has.
  [[nodiscard]] int os_error() const { return os_error_; }
  // Whether the other end of a pipe has been closed, without a write to it.
  [[nodiscard]] bool reader_gone() const;
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }

 private:
  void write_through(std::string_view text);

  int fd_;
  bool is_terminal_;
  int os_error_ = 0;
  std::string buffer_;
};

}  // namespace datawal::cli
