// A thread of the operating system, for work that nobody has to wait for.
#pragma once

#include <functional>
#include <memory>

namespace datawal {

class BackgroundThread {
 public:
  // Runs `work`, which must end by itself once its owner has told it to; on another processor than
  // this thread's, to begin with, if there is one.
  explicit BackgroundThread(std::function<void()> work);
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;
  // Waits for its end.
  ~BackgroundThread();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// How many threads can run at the same time; at least 1.
[[nodiscard]] unsigned processor_count() noexcept;

// Gives the processor to another thread, if one waits for it.
void let_others_run() noexcept;

}  // namespace datawal
