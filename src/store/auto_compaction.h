// Compacts a store by itself, so that its log stays below a multiple of what it holds.
//
// Thread safety: any thread may call anything; stop() comes before the destructor.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "datawal/compaction.h"
#include "datawal/error.h"
#include "file/background_thread.h"

namespace datawal {

// Which part of a segment must be garbage for it to be rewritten, so that `use` comes to be below
// `amplification_max`; nothing if it is.
[[nodiscard]] std::optional<double> garbage_ratio_for(const SpaceUse& use,
                                                      double amplification_max);

class AutoCompaction {
 public:
  // A log with less garbage than this is left alone.
  static constexpr std::uint64_t kGarbageMin = std::uint64_t{32} << 20;

  struct Store {
    std::function<SpaceUse()> space_use;
    // Compacts with this CompactionOptions::garbage_ratio_min.
    std::function<Result<CompactionReport>(double)> compact;
  };

  AutoCompaction(double amplification_max, std::uint64_t garbage_min, Store store);

  // To be called by who writes, from time to time. Returns at once, unless the log is beyond what
  // it may be: then when that has been seen to, or has failed.
  void look();
  // Ends the compaction that is running, if the store's compact() ends it, and all waiting.
  void stop();

 private:
  void run();
  // Gives whether anything has been gained; nullopt where it failed or was stopped, and trying
  // again would be in vain.
  [[nodiscard]] std::optional<bool> compact_once(const SpaceUse& use, double ratio) const;
  [[nodiscard]] bool is_beyond(const SpaceUse& use) const;

  const double amplification_max_;
  const std::uint64_t garbage_min_;
  Store store_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool is_wanted_ = false;   // a look at the store
  bool is_running_ = false;  // one
  bool is_stopping_ = false;
  std::uint64_t hopeless_until_ = 0;  // bytes of garbage at which it is worth another try
  std::unique_ptr<BackgroundThread> thread_;
};

}  // namespace datawal
