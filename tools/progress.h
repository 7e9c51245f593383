// Progress on standard error, for work that takes longer than a second, if that is a terminal.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "tools/session.h"

namespace datawal::cli {

// One look at the progress of some work.
struct ProgressState {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;  // 0 if it is not known
  std::chrono::milliseconds elapsed{};
};

// "verify: 1.2 GiB of 3.0 GiB, 800.0 MiB/s, 3 s left"
[[nodiscard]] std::string progress_text(std::string_view work, const ProgressState& state);

// Whether the work prints records on the way; then a terminal that shows them shows no progress.
enum class PrintsMeanwhile { kNo, kYes };

// Shows the progress of `work` until destroyed.
class Progress {
 public:
  using BytesDone = std::function<std::uint64_t()>;

  // Counts what this process reads from now on, of about `bytes_total` bytes.
  Progress(Session& session, std::string_view work, std::uint64_t bytes_total,
           PrintsMeanwhile prints = PrintsMeanwhile::kNo);
  // Asks `bytes_done`, from a thread of its own.
  Progress(Session& session, std::string_view work, std::uint64_t bytes_total,
           PrintsMeanwhile prints, BytesDone bytes_done);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

 private:
  void run(const std::stop_token& stop);
  void show();

  Diagnostics& diagnostics_;
  std::string work_;
  std::uint64_t bytes_total_;
  BytesDone bytes_done_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool shown_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

// The bytes that this process has read so far, by the kernel's count; 0 where it does not count.
[[nodiscard]] std::uint64_t bytes_read_by_process();

}  // namespace datawal::cli
