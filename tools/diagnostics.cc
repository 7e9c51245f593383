#include "tools/diagnostics.h"

#include <unistd.h>

#include <string>

#include "tools/render.h"

namespace datawal::cli {

Diagnostics::Diagnostics(int fd) : fd_(fd), is_terminal_(::isatty(fd) == 1) {}

void Diagnostics::error(std::string_view text) const {
  line("\033[1;31m", "error:", text);
}

void Diagnostics::warning(std::string_view text) const {
  line("\033[1;33m", "warning:", text);
}

void Diagnostics::note(std::string_view text) const {
  line("", "", text);
}

void Diagnostics::line(std::string_view color, std::string_view label,
                       std::string_view text) const {
  std::string message = "datawal: ";
  if (!label.empty()) {
    if (colored_) message += color;
    message += label;
    if (colored_) message += "\033[0m";
    message += ' ';
  }
  append_one_line(message, text);
  message += '\n';
  raw(message);
}

void Diagnostics::raw(std::string_view text) const {
  (void)!::write(fd_, text.data(), text.size());  // there is nowhere left to complain
}

}  // namespace datawal::cli
