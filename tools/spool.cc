#include "tools/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/try.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kBlockSize = std::size_t{256} << 10;

std::unexpected<Error> spool_error(int os_error) {
  return std::unexpected(
      Error{.code = os_error == ENOSPC || os_error == EDQUOT ? ErrorCode::kNoSpace : ErrorCode::kIo,
            .message = std::string("cannot copy the input to a temporary file: ") +
                       std::strerror(os_error) + "; TMPDIR names another place for it",
            .os_error = os_error});
}

std::string temporary_name() {
  const char* const directory = std::getenv("TMPDIR");
  const bool is_set = directory != nullptr && *directory != '\0';
  return std::string(is_set ? directory : "/tmp") + "/datawal-import-XXXXXX";
}

}  // namespace

Result<Spool> Spool::copy(InputFile& input) {
  std::string name = temporary_name();
  Spool spool(::mkostemp(name.data(), O_CLOEXEC));
  if (spool.fd_ < 0 || ::unlink(name.c_str()) != 0) return spool_error(errno);
  Bytes block(kBlockSize);
  while (true) {
    DATAWAL_TRY_ASSIGN(const std::size_t size, input.read(block));
    if (size == 0) return spool;
    DATAWAL_TRY(spool.write(ByteView(block).first(size)));
  }
}

Spool::Spool(Spool&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Spool::~Spool() {
  if (fd_ >= 0) ::close(fd_);
}

std::filesystem::path Spool::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

Status Spool::write(ByteView bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return spool_error(errno);
    }
  }
  return {};
}

}  // namespace datawal::cli
