// What the tests of the real filesystem share: a place to work in, processes to work in, and a hand
// on single system calls.
#pragma once

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "file/unique_fd.h"

namespace datawal::test {

// A new directory that goes, with all that is in it, at the end of the test.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "datawal-XXXXXX").string();
    const char* made = ::mkdtemp(pattern.data());
    if (made == nullptr) throw std::filesystem::filesystem_error("mkdtemp", last_error());
    path_ = made;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  static std::error_code last_error() { return {errno, std::generic_category()}; }

  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Waits for the end of `process` and says how it ended: "exit 0", "signal 9".
inline std::string wait_for_end(pid_t process) {
  int status = 0;
  if (retry_interrupted([&] { return ::waitpid(process, &status, 0); }) != process) return "lost";
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

// Runs `body` in a process of its own and gives the text it returns, or how else it ended.
inline std::string run_in_child(const std::function<std::string()>& body) {
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "pipe failed";
  const pid_t child = ::fork();
  if (child < 0) return "fork failed";
  if (child == 0) {
    const std::string text = body();
    const bool is_written =
        ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(is_written ? 0 : 1);
  }
  const UniqueFd reader(ends[0]);
  (void)::close(ends[1]);
  std::string text;
  std::array<char, 4096> part = {};
  ssize_t size = 0;
  while ((size = ::read(reader.get(), part.data(), part.size())) > 0) {
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  const std::string end = wait_for_end(child);
  return end == "exit 0" ? text : end + " " + text;
}

// Gives up root for the rest of this (child) process, so that permissions mean something.
inline void become_nobody() {
  constexpr unsigned kNobody = 65534;
  if (::geteuid() != 0) return;
  if (::setresgid(kNobody, kNobody, kNobody) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0) {
    ::_exit(3);
  }
}

// Gives this (child) process mounts of its own, which an ordinary user may have as the root of a
// user namespace.
inline bool unshare_mounts() {
  if (::geteuid() == 0) return ::unshare(CLONE_NEWNS) == 0;
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", "0 " + user + " 1");
  write_text("/proc/self/gid_map", "0 " + group + " 1");
  return ::geteuid() == 0;
}

// Mounts a tmpfs of `size` ("1m") at `target`, for this (child) process only. Empty if that worked,
// else why not.
inline std::string mount_tmpfs(const std::filesystem::path& target, const std::string& size) {
  const bool is_mounted =
      unshare_mounts() && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
      ::mount("tmpfs", target.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  if (is_mounted) return "";
  return "cannot mount, errno " + std::to_string(errno) +
         ": run the tests as root, or where users may have namespaces of their own";
}

inline std::string remount_read_only(const std::filesystem::path& target) {
  if (::mount("tmpfs", target.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0) return "";
  return "remount failed, errno " + std::to_string(errno);
}

// Runs `body` on a thread on which every system call `number` first asks `decide`: for 0 the call
// goes on, for an errno value it fails with that instead. What `decide` does, happens before the
// call. Empty if that worked, else why not.
class CallInterceptor {
 public:
  static std::string run(int number, const std::function<int()>& decide,
                         const std::function<void()>& body) {
    CallInterceptor interceptor(number);
    std::array<int, 2> ends = {};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "pipe failed";
    const UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    std::thread worker([&] {
      const int listener = interceptor.install();
      (void)!::write(writer.get(), &listener, sizeof(listener));
      if (listener >= 0) body();
    });
    int listener = -1;
    (void)!::read(reader.get(), &listener, sizeof(listener));
    const UniqueFd notifications(listener);
    if (notifications.valid()) serve(notifications.get(), decide);
    worker.join();
    if (listener >= 0) return "";
    return "seccomp is not permitted here: run the tests as root. errno " +
           std::to_string(-listener);
  }

 private:
  explicit CallInterceptor(int number) : number_(static_cast<std::uint32_t>(number)) {}

  // The descriptor of the notifications, or an errno value below zero.
  [[nodiscard]] int install() const {
    std::array<sock_filter, 4> code = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program = {.len = code.size(), .filter = code.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
    const long listener =
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return listener < 0 ? -errno : static_cast<int>(listener);
  }

  // Until the thread, and with it the filter, is gone.
  static void serve(int listener, const std::function<int()>& decide) {
    while (true) {
      pollfd ready = {.fd = listener, .events = POLLIN, .revents = 0};
      if (retry_interrupted([&] { return ::poll(&ready, 1, -1); }) < 0) return;
      if ((ready.revents & POLLIN) == 0) return;
      seccomp_notif request = {};
      if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) continue;
      const int os_error = decide();
      seccomp_notif_resp response = {};
      response.id = request.id;
      response.error = -os_error;
      response.flags = os_error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0U;
      (void)::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
  }

  std::uint32_t number_;
};

// The system call `number` always fails with `os_error` while `body` runs.
inline std::string with_failing_call(int number, int os_error, const std::function<void()>& body) {
  return CallInterceptor::run(number, [=] { return os_error; }, body);
}

// How often `body` makes the system call `number`; below zero if that cannot be told.
inline int count_calls(int number, const std::function<void()>& body) {
  int count = 0;
  const std::string trouble = CallInterceptor::run(
      number,
      [&] {
        ++count;
        return 0;
      },
      body);
  return trouble.empty() ? count : -1;
}

}  // namespace datawal::test
