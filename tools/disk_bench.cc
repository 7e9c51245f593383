#include "tools/disk_bench.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "base/try.h"

namespace datawal::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Key = std::array<std::byte, 16>;

// How many operations go by between looks at whether to stop.
constexpr std::uint64_t kLookEvery = 256;

// Scattered over the hash, so that one order of numbers is no order of keys.
Key key_of(std::uint64_t number) {
  const std::array<std::uint64_t, 2> words = {(number + 1) * 0x9e3779b97f4a7c15ULL, number};
  return std::bit_cast<Key>(words);
}

// What no filesystem can compress.
Bytes value_of_size(std::size_t size) {
  Bytes value(size);
  std::uint64_t state = size;
  for (std::byte& byte : value) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<std::byte>(state >> 56);
  }
  return value;
}

template <typename T>
Status status_of(Result<T> result) {
  return result ? Status{} : Status(std::unexpected(std::move(result).error()));
}

Error missing_value() {
  return {.code = ErrorCode::kCorruption,
          .message =
              "the benchmark's store does not have what was put into it; run verify on "
              "stores on this disk"};
}

class DiskBench {
 public:
  DiskBench(std::filesystem::path store, const BenchPlan& plan,
            const std::function<bool()>& is_stopped)
      : path_(std::move(store)),
        plan_(plan),
        is_stopped_(is_stopped),
        value_(value_of_size(plan.value_size)) {}

  [[nodiscard]] Result<std::vector<BenchStep>> run() {
    DATAWAL_TRY_ASSIGN(DataWal store, DataWal::open(path_));
    DATAWAL_TRY(put(store));
    DATAWAL_TRY(get(store));
    DATAWAL_TRY(get_absent(store));
    DATAWAL_TRY(put_durably(store));
    DATAWAL_TRY(scan(store));
    if (is_ended_) return std::move(steps_);
    DATAWAL_TRY(store.close());
    DATAWAL_TRY(reopen());
    return std::move(steps_);
  }

 private:
  // Runs `operation` for the numbers below `count` and notes how long it took.
  template <typename Operation>
  [[nodiscard]] Status repeat(std::string_view name, std::uint64_t count,
                              const Operation& operation) {
    const Clock::time_point start = Clock::now();
    for (std::uint64_t number = 0; number < count && !is_ended_; ++number) {
      DATAWAL_TRY(operation(number));
      if (number % kLookEvery == 0) is_ended_ = is_stopped_();
    }
    if (!is_ended_) steps_.push_back({name, count, Clock::now() - start});
    return {};
  }

  void note_latency(const LatencyHistogram& latency) {
    if (!is_ended_ && latency.count > 0) steps_.back().latency = latency;
  }

  [[nodiscard]] Status put(DataWal& store) {
    const auto put_one = [&](std::uint64_t number) {
      return status_of(store.put(key_of(number), value_));
    };
    DATAWAL_TRY(repeat("put", plan_.keys, put_one));
    note_latency(store.stats().latencies.append);
    return store.sync();
  }

  [[nodiscard]] Status get(const DataWal& store) {
    std::uint64_t state = 1;
    const auto get_one = [&](std::uint64_t) -> Status {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      DATAWAL_TRY_ASSIGN(const auto value, store.get(key_of((state >> 16) % plan_.keys)));
      return value ? Status{} : Status(std::unexpected(missing_value()));
    };
    DATAWAL_TRY(repeat("get", plan_.keys, get_one));
    note_latency(store.stats().latencies.get);
    return {};
  }

  [[nodiscard]] Status get_absent(const DataWal& store) {
    return repeat("get_absent", plan_.keys, [&](std::uint64_t number) {
      return status_of(store.get(key_of(plan_.keys + number)));
    });
  }

  [[nodiscard]] Status put_durably(DataWal& store) {
    const auto put_one = [&](std::uint64_t number) {
      is_ended_ = is_stopped_();
      return status_of(store.put(key_of(number), value_, Durability::kEveryWrite));
    };
    DATAWAL_TRY(repeat("put_durable", plan_.durable_puts, put_one));
    note_latency(store.stats().latencies.durable_wait);
    return {};
  }

  [[nodiscard]] Status scan(const DataWal& store) {
    ItemCursor items = store.items();
    return repeat("scan", store.size(), [&](std::uint64_t) { return status_of(items.next()); });
  }

  [[nodiscard]] Status reopen() {
    return repeat("open", 1, [&](std::uint64_t) { return status_of(DataWal::open(path_)); });
  }

  std::filesystem::path path_;
  BenchPlan plan_;
  const std::function<bool()>& is_stopped_;
  Bytes value_;
  std::vector<BenchStep> steps_;
  bool is_ended_ = false;
};

}  // namespace

Result<TemporaryDirectory> TemporaryDirectory::make(const std::filesystem::path& parent) {
  std::string name = (parent / "datawal-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) != nullptr) return TemporaryDirectory(name);
  const int failure = errno;
  return std::unexpected(
      Error{.code = failure == ENOENT || failure == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
            .message = std::string("cannot make a directory there: ") + std::strerror(failure),
            .path = parent.string(),
            .os_error = failure});
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;  // a destructor has nobody to tell
  std::filesystem::remove_all(path_, ignored);
}

Result<std::vector<BenchStep>> run_disk_bench(const std::filesystem::path& directory,
                                              const BenchPlan& plan,
                                              const std::function<bool()>& is_stopped) {
  return DiskBench(directory / "store", plan, is_stopped).run();
}

}  // namespace datawal::cli
