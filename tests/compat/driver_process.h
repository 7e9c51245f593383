// One driver, of the crate or of this library, as a child process that a test talks to.
//
//   DriverProcess crate(kCrates[0]);
//   crate.must("open kv " + directory.string());
//   EXPECT_EQ(crate.ask("get 61"), "ok some 62");
//
// Thread safety: one thread at a time.
#pragma once

#include <sys/types.h>
#include <array>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace datawal::compat {

struct Implementation {
  const char* name;
  const char* program;

  friend std::ostream& operator<<(std::ostream& out, const Implementation& implementation) {
    return out << implementation.name;
  }
};

// The two pinned releases of the crate, and this library.
extern const std::array<Implementation, 2> kCrates;
extern const Implementation kDatawal;

class DriverProcess {
 public:
  // Throws std::runtime_error if it cannot be started.
  explicit DriverProcess(const Implementation& implementation);
  DriverProcess(const DriverProcess&) = delete;
  DriverProcess& operator=(const DriverProcess&) = delete;
  // Lets it end by itself, as a program that closes what it has open by leaving.
  ~DriverProcess();

  // Sends a command and gives the first line of the reply: "ok ..." or "err ...". Throws
  // std::runtime_error if the driver is gone.
  std::string ask(std::string_view command);
  // The same, and throws unless the reply is "ok". Gives what follows "ok ".
  std::string must(std::string_view command);
  // The same for a command that replies "ok N" and N lines, which it gives.
  std::vector<std::string> must_list(std::string_view command);

  // Sends without waiting for the reply. Gives whether the driver was there to take it.
  bool send(std::string_view command);
  // The next line of replies to send(). Gives whether there was one before the driver ended.
  bool receive(std::string& line);

  // Kills it with SIGKILL and waits until it is gone. What it had replied can still be received.
  void kill();
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void reap();

  std::string name_;
  pid_t child_ = -1;
  int input_ = -1;   // its stdin
  int output_ = -1;  // its stdout
  std::string buffer_;
};

}  // namespace datawal::compat
