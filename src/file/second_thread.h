// A thread that does one thing at a time for its owner, who goes on meanwhile.
//
// Thread safety: for one thread.
#pragma once

#include <functional>
#include <memory>

namespace datawal {

class SecondThread {
 public:
  // No thread is made before there is something to do.
  SecondThread();
  SecondThread(const SecondThread&) = delete;
  SecondThread& operator=(const SecondThread&) = delete;
  // Waits for the end of what is under way.
  ~SecondThread();

  // Has `work` done, once what was begun before is. Where no thread can be had, does it itself.
  void begin(std::function<void()> work);
  // Whether nothing is under way.
  [[nodiscard]] bool is_idle() const;
  // Waits until all is done. What `work` has written can be read then.
  void wait();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace datawal
