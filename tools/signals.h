// SIGINT and SIGTERM as a request to stop, for commands that run until told.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace datawal::cli {

// From now on both signals only make stop_was_requested() true.
void catch_stop_signals();
[[nodiscard]] bool stop_was_requested();

// The same as a stop token, for what looks at one by itself. Requests a stop within a twentieth of
// a second, from a thread of its own: a signal handler may not.
class StopOnSignal {
 public:
  StopOnSignal();

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  void watch(const std::stop_token& end);

  std::stop_source source_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

// A closed pipe is an error of write(2) from now on, and no signal.
void ignore_broken_pipes();

// Makes sure that descriptors 0, 1 and 2 are open, so that no file of a store takes the place of
// one that the caller has closed. What stands in for it can be neither read nor written.
void keep_standard_descriptors_open();

}  // namespace datawal::cli
