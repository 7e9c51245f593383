#include "compare/cell.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <ctime>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace datawal::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLoadBatchSize = 1000;
// A store is overwritten at most twice and everything removed once.
constexpr std::uint64_t kWritesPerEntry = 4;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Cell::Cell(const CellPlan& plan, KeyOrder key_order)
    : plan_(plan), dataset_(plan.value_size, plan.count, plan.seed, key_order) {}

std::filesystem::path Cell::path(const char* name) const {
  return plan_.directory / name;
}

std::unique_ptr<Store> Cell::open(const std::filesystem::path& directory,
                                  const OpenPlan& open_plan) const {
  return kind().open({.directory = directory,
                      .value_size = plan_.value_size,
                      .key_count_max = plan_.count,
                      .write_count_max = kWritesPerEntry * plan_.count,
                      .durable = open_plan.durable,
                      .thread_count = open_plan.thread_count,
                      .cache_size = open_plan.cache_size,
                      .write_buffer_size = open_plan.write_buffer_size,
                      .exceeds_memory = open_plan.exceeds_memory});
}

std::vector<std::uint32_t> Cell::shuffled(Purpose purpose) const {
  return dataset_.shuffled(std::to_underlying(purpose));
}

std::span<const std::uint32_t> Cell::measured(const std::vector<std::uint32_t>& order) const {
  return std::span(order).first(std::min<std::size_t>(order.size(), plan_.measured_count_max));
}

void Cell::put(Session& session, std::uint32_t index, Generation generation) const {
  session.put(dataset_.key(index), dataset_.value(index, generation));
}

void Cell::get(Session& session, std::uint32_t index, Generation generation) const {
  const std::optional<ByteView> value = session.get(dataset_.key(index));
  if (!value) fail(kind().name, "an entry is missing");
  dataset_.check_value(index, generation, *value);
}

void Cell::view(Session& session, std::uint32_t index, Generation generation) const {
  const std::optional<ByteView> value = session.view(dataset_.key(index));
  if (!value) fail(kind().name, "an entry is missing");
  dataset_.check_value(index, generation, *value);
}

void Cell::expect_absent(Session& session, std::uint32_t index) const {
  if (session.get(dataset_.key(index))) fail(kind().name, "a key was found that is not there");
}

void Cell::put_batch(Session& session, std::span<const std::uint32_t> indices,
                     Generation generation) const {
  std::vector<Key> keys(indices.size());
  std::vector<Entry> entries(indices.size());
  for (std::size_t at = 0; at < indices.size(); ++at) {
    keys[at] = dataset_.key(indices[at]);
    entries[at] = {keys[at], dataset_.value(indices[at], generation)};
  }
  session.put_batch(entries);
}

void Cell::load(Session& session, std::span<const std::uint32_t> indices,
                Generation generation) const {
  while (!indices.empty()) {
    const std::size_t count = std::min(indices.size(), kLoadBatchSize);
    put_batch(session, indices.first(count), generation);
    indices = indices.subspan(count);
  }
}

void Cell::check_sum(Store& store, Written written) const {
  ScanSum sum;
  store.scan([&sum](ByteView key, ByteView value) { sum.add(key, value); });
  if (sum != sum_of(dataset_, written, kind().has_keys)) {
    fail(kind().name, "a scan showed wrong entries: " + std::to_string(sum.count) + " of " +
                          std::to_string(dataset_.count()));
  }
}

void Cell::check_entries(Store& store, Written written) const {
  if (!kind().has_keys) return check_sum(store, written);
  EntryCheck check(dataset_, written);
  store.scan([&check](ByteView key, ByteView value) { check.visit(key, value); });
  check.finish();
}

void Cell::add(std::string workload, std::string unit, double value, std::uint64_t operations) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  samples_.push_back({std::move(workload), std::move(unit), value, operations,
                      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()});
}

void Cell::add_time(std::string workload, std::string unit, double seconds,
                    std::uint64_t operations) {
  add(std::move(workload), std::move(unit), seconds * 1e9 / static_cast<double>(operations),
      operations);
}

void Cell::note(std::string workload, std::string text) {
  notes_.push_back({std::move(workload), std::move(text)});
}

void Cell::append(const Cell& other) {
  samples_.insert(samples_.end(), other.samples_.begin(), other.samples_.end());
  notes_.insert(notes_.end(), other.notes_.begin(), other.notes_.end());
}

double seconds_of(const std::function<void()>& work) {
  const Clock::time_point begin = Clock::now();
  work();
  return seconds_since(begin);
}

double seconds_of_threads(unsigned count, const std::function<void(unsigned)>& work) {
  // Whoever comes last takes the time: this thread may be scheduled only when the others are done.
  Clock::time_point begin;
  std::barrier start(count, [&begin]() noexcept { begin = Clock::now(); });
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::jthread> threads;
  for (unsigned number = 0; number < count; ++number) {
    threads.emplace_back([&, number] {
      start.arrive_and_wait();
      try {
        work(number);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
  }
  threads.clear();
  const double seconds = seconds_since(begin);
  if (failure) std::rethrow_exception(failure);
  return seconds;
}

std::span<const std::uint32_t> share_of(std::span<const std::uint32_t> order, unsigned thread,
                                        unsigned count) {
  const std::size_t begin = order.size() * thread / count;
  const std::size_t end = order.size() * (thread + 1) / count;
  return order.subspan(begin, end - begin);
}

void settle() {
  constexpr auto kWindow = std::chrono::milliseconds(20);
  constexpr auto kIdleMax = std::chrono::milliseconds(1);
  for (int quiet_windows = 0; quiet_windows < 2;) {
    const std::chrono::nanoseconds before = processor_time();
    std::this_thread::sleep_for(kWindow);
    quiet_windows = processor_time() - before < kIdleMax ? quiet_windows + 1 : 0;
  }
}

void sync_disk(const std::filesystem::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || syncfs(descriptor) != 0) throw std::runtime_error("cannot sync the disk");
  close(descriptor);
}

}  // namespace datawal::bench
