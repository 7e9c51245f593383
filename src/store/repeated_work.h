// Work that is asked for from time to time and done on a thread of its own, once however often it
// was asked for meanwhile.
//
// Thread safety: any thread may call anything; stop() comes before the destructor.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "file/background_thread.h"

namespace datawal {

class RepeatedWork {
 public:
  explicit RepeatedWork(std::function<void()> work);

  void ask();
  // Returns when the work that is being done has ended; none is done any more.
  void stop();

 private:
  void run();

  std::function<void()> work_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool is_wanted_ = false;
  bool is_stopping_ = false;
  std::unique_ptr<BackgroundThread> thread_;
};

}  // namespace datawal
