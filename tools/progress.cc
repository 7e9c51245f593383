#include "tools/progress.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "tools/render.h"

namespace datawal::cli {
namespace {

constexpr std::chrono::seconds kPatience(1);
constexpr std::chrono::milliseconds kInterval(200);
constexpr std::string_view kClearLine = "\r\033[K";

std::string duration_text(std::uint64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
}

// Counted from now on, whatever was read before.
Progress::BytesDone bytes_read_from_now() {
  return [before = bytes_read_by_process()] {
    return std::max(bytes_read_by_process(), before) - before;
  };
}

}  // namespace

std::string progress_text(std::string_view work, const ProgressState& state) {
  std::string text(work);
  text += ": ";
  if (state.bytes_done == 0) {
    return text + duration_text(static_cast<std::uint64_t>(state.elapsed.count()) / 1000);
  }
  const double seconds = std::max(0.001, static_cast<double>(state.elapsed.count()) / 1000);
  const double rate = static_cast<double>(state.bytes_done) / seconds;
  text += size_text(state.bytes_done);
  if (state.bytes_total >= state.bytes_done) text += " of " + size_text(state.bytes_total);
  text += ", " + size_text(static_cast<std::uint64_t>(rate)) + "/s";
  if (state.bytes_total >= state.bytes_done) {
    const double left = static_cast<double>(state.bytes_total - state.bytes_done) / rate;
    text += ", " + duration_text(static_cast<std::uint64_t>(std::llround(left))) + " left";
  }
  return text;
}

Progress::Progress(Session& session, std::string_view work, std::uint64_t bytes_total,
                   PrintsMeanwhile prints)
    : Progress(session, work, bytes_total, prints, bytes_read_from_now()) {}

Progress::Progress(Session& session, std::string_view work, std::uint64_t bytes_total,
                   PrintsMeanwhile prints, BytesDone bytes_done)
    : diagnostics_(session.diagnostics),
      work_(work),
      bytes_total_(bytes_total),
      bytes_done_(std::move(bytes_done)) {
  if (!diagnostics_.is_terminal()) return;
  if (prints == PrintsMeanwhile::kYes && session.out.is_terminal()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  if (shown_) diagnostics_.raw(kClearLine);
}

void Progress::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto wait = [&](auto duration) {
    wake_.wait_for(lock, stop, duration, [] { return false; });
  };
  for (wait(kPatience); !stop.stop_requested(); wait(kInterval)) show();
}

void Progress::show() {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start_);
  const ProgressState state = {
      .bytes_done = bytes_done_(), .bytes_total = bytes_total_, .elapsed = elapsed};
  diagnostics_.raw(std::string(kClearLine) + progress_text(work_, state));
  shown_ = true;
}

std::uint64_t bytes_read_by_process() {
  std::ifstream counters("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (counters >> name >> value) {
    if (name == "rchar:") return value;
  }
  return 0;
}

}  // namespace datawal::cli
