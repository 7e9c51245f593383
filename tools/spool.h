// A temporary copy of an input that can be read only once. Nobody else sees it, and it is gone with
// the process, however that ends.
#pragma once

#include <filesystem>

#include "datawal/error.h"
#include "tools/input.h"

namespace datawal::cli {

class Spool {
 public:
  // Copies all of `input` into an unlinked file in TMPDIR, or /tmp.
  [[nodiscard]] static Result<Spool> copy(InputFile& input);

  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&&) = delete;
  ~Spool();

  // A name under which this process can open the copy.
  [[nodiscard]] std::filesystem::path path() const;

 private:
  explicit Spool(int fd) : fd_(fd) {}
  [[nodiscard]] Status write(ByteView bytes) const;

  int fd_;
};

}  // namespace datawal::cli
