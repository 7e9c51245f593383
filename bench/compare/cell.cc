#include "compare/cell.h"

#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

#include "compare/export_check.h"
#include "compare/memory.h"

namespace datawal::bench {
namespace {

// Which shuffle of the entries a workload uses.
enum Purpose : std::uint64_t { kPutOrder, kOverwriteOrder, kGetOrder, kMissingOrder };

template <typename Callable>
double seconds_of(const Callable& callable) {
  const auto begin = std::chrono::steady_clock::now();
  callable();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Waits until the store's background threads, if it has any, have nothing left to do, so that no
// workload pays for the one before it.
void settle() {
  constexpr auto kWindow = std::chrono::milliseconds(20);
  constexpr auto kIdleMax = std::chrono::milliseconds(1);
  for (int quiet_windows = 0; quiet_windows < 2;) {
    const std::chrono::nanoseconds before = processor_time();
    std::this_thread::sleep_for(kWindow);
    quiet_windows = processor_time() - before < kIdleMax ? quiet_windows + 1 : 0;
  }
}

class Cell {
 public:
  Cell(const CellPlan& plan, const Dataset& dataset) : plan_(plan), dataset_(dataset) {}

  std::vector<Sample> run() {
    // First, while nothing else is waiting to be written back.
    run_durable_puts();
    if (plan_.kind.open_log != nullptr) run_log();
    run_store();
    return std::move(samples_);
  }

 private:
  void add(std::string workload, std::string unit, double value, std::uint64_t operations) {
    samples_.push_back({std::move(workload), std::move(unit), value, operations});
  }

  void add_time(std::string workload, std::string unit, double seconds, std::uint64_t operations) {
    add(std::move(workload), std::move(unit), seconds * 1e9 / static_cast<double>(operations),
        operations);
  }

  [[nodiscard]] std::unique_ptr<Store> open_store(const std::filesystem::path& directory,
                                                  bool durable) const {
    return plan_.kind.open({directory, dataset_.value_size(), durable});
  }

  void run_durable_puts() {
    const auto store = open_store(plan_.directory / "durable", true);
    const std::uint32_t count = plan_.durable_count;
    const double seconds = seconds_of([&] {
      for (std::uint32_t index = 0; index < count; ++index) put(*store, index, Generation::kPut);
    });
    add_time("durable put", "ns/op", seconds, count);
    for (std::uint32_t index = 0; index < count; ++index) get(*store, index, Generation::kPut);
  }

  void run_log() {
    const std::filesystem::path directory = plan_.directory / "log";
    auto log = plan_.kind.open_log(directory);
    const std::uint32_t count = dataset_.count();
    const double append_seconds = seconds_of([&] {
      for (std::uint32_t index = 0; index < count; ++index) {
        log->append(dataset_.value(index, Generation::kPut));
      }
    });
    add_time("log append", "ns/op", append_seconds, count);
    log.reset();
    const double open_seconds = seconds_of([&] { log = plan_.kind.open_log(directory); });
    add("log open", "ms", open_seconds * 1e3, 1);
    const double scan_seconds = seconds_of([&] { scan_log(*log); });
    add_time("log scan", "ns/op", scan_seconds, count);
  }

  void scan_log(Log& log) const {
    std::uint32_t index = 0;
    log.scan([this, &index](ByteView /*key*/, ByteView payload) {
      if (index == dataset_.count()) fail(plan_.kind.name, "the log has too many records");
      dataset_.check_value(index++, Generation::kPut, payload);
    });
    if (index != dataset_.count()) fail(plan_.kind.name, "the log lacks records");
  }

  void run_store() {
    const std::filesystem::path directory = plan_.directory / "store";
    auto store = open_store(directory, false);
    run_puts(*store, "put", kPutOrder, Generation::kPut);
    settle();
    run_puts(*store, "overwrite", kOverwriteOrder, Generation::kOverwritten);
    settle();
    store.reset();

    const double open_seconds = seconds_of([&] { store = open_store(directory, false); });
    add("open", "ms", open_seconds * 1e3, 1);
    settle();
    run_reads(*store);
    run_compaction(*store);
    if (plan_.kind.exports) run_export(*store);
    store.reset();
    run_memory_probe(directory);
  }

  void run_memory_probe(const std::filesystem::path& directory) {
    const OpenMemory memory = memory_after_open(plan_.kind.name, directory, dataset_.value_size());
    const double count = dataset_.count();
    add("memory after open", "bytes/key", memory.process_bytes / count, dataset_.count());
    add("memory, heap trimmed", "bytes/key", memory.trimmed_bytes / count, dataset_.count());
  }

  void run_puts(Store& store, std::string workload, Purpose purpose, Generation generation) {
    const std::vector<std::uint32_t> order = dataset_.shuffled(purpose);
    const double seconds = seconds_of([&] {
      for (const std::uint32_t index : order) put(store, index, generation);
    });
    add_time(std::move(workload), "ns/op", seconds, order.size());
  }

  void run_reads(Store& store) {
    // Every store's cache, and the page cache, have seen every entry once.
    for (std::uint32_t index = 0; index < dataset_.count(); ++index) {
      get(store, index, Generation::kOverwritten);
    }
    settle();
    const std::vector<std::uint32_t> order = dataset_.shuffled(kGetOrder);
    const double get_seconds = seconds_of([&] {
      for (const std::uint32_t index : order) get(store, index, Generation::kOverwritten);
    });
    add_time("get", "ns/op", get_seconds, order.size());

    const std::vector<std::uint32_t> missing = dataset_.shuffled(kMissingOrder);
    const double missing_seconds = seconds_of([&] {
      for (const std::uint32_t index : missing) expect_missing(store, dataset_.count() + index);
    });
    add_time("get missing", "ns/op", missing_seconds, missing.size());

    const double scan_seconds = seconds_of([&] { scan(store); });
    add_time("scan", "ns/key", scan_seconds, dataset_.count());
  }

  void run_compaction(Store& store) {
    const std::filesystem::path target = plan_.directory / "compacted";
    const std::filesystem::path directory = plan_.directory / "store";
    std::filesystem::path compacted;
    const double seconds = seconds_of([&] { compacted = store.compact(target); });
    add_time("compact", "ns/key", seconds, dataset_.count());
    settle();
    if (compacted == directory) return scan(store);
    scan(*open_store(compacted, false));
  }

  void run_export(Store& store) {
    const std::filesystem::path file = plan_.directory / "export.jsonl";
    const double seconds = seconds_of([&] { store.export_jsonl(file); });
    add_time("export", "ns/key", seconds, dataset_.count());
    check_export(file, dataset_, Generation::kOverwritten);
  }

  void put(Store& store, std::uint32_t index, Generation generation) const {
    store.put(dataset_.key(index), dataset_.value(index, generation));
  }

  void get(Store& store, std::uint32_t index, Generation generation) const {
    const std::optional<ByteView> value = store.get(dataset_.key(index));
    if (!value) fail(plan_.kind.name, "an entry is missing");
    dataset_.check_value(index, generation, *value);
  }

  void expect_missing(Store& store, std::uint32_t index) const {
    if (store.get(dataset_.key(index))) fail(plan_.kind.name, "a key was found that is not there");
  }

  void scan(Store& store) const {
    EntryCheck check(dataset_, Generation::kOverwritten);
    store.scan([&check](ByteView key, ByteView value) { check.visit(key, value); });
    check.finish();
  }

  const CellPlan& plan_;
  const Dataset& dataset_;
  std::vector<Sample> samples_;
};

}  // namespace

std::vector<Sample> run_cell(const CellPlan& plan, const Dataset& dataset) {
  return Cell(plan, dataset).run();
}

}  // namespace datawal::bench
