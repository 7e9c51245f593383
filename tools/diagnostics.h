// Standard error: one line a message, written at once.
#pragma once

#include <string_view>

namespace datawal::cli {

class Diagnostics {
 public:
  explicit Diagnostics(int fd);

  // "datawal: error: <text>"
  void error(std::string_view text) const;
  // "datawal: warning: <text>"
  void warning(std::string_view text) const;
  // "datawal: <text>"
  void note(std::string_view text) const;

  void set_colored(bool colored) { colored_ = colored; }
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }

  // Writes `text` as it is.
  void raw(std::string_view text) const;

 private:
  void line(std::string_view color, std::string_view label, std::string_view text) const;

  int fd_;
  bool is_terminal_;
  bool colored_ = false;
};

}  // namespace datawal::cli
