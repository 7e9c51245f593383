// The power goes, the process is killed, or a call fails, at every point of a program that writes
// batches. Afterwards each batch is there whole or not at all, for readers before the store is
// opened and for whoever opens it; what was durable is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/record_log_reader.h"
#include "file/simulated_filesystem.h"
#include "support/records.h"
#include "support/soak.h"

namespace datawal::test::batch_sweep_test {
namespace {

constexpr std::string_view kStore = "/data/store";

// What a log tells whoever reads all of it.
struct State {
  KeyValues values = {};
  std::size_t record_count = 0;

  friend bool operator==(const State&, const State&) = default;
};

struct Shape {
  const char* name;
  std::uint64_t segment_size_max;
  std::size_t value_size;
  bool is_mapped;
};

void PrintTo(const Shape& shape, std::ostream* stream) {
  *stream << shape.name;
}

// Writes batches and single records, and remembers every state on the way. Ends at the first
// failure.
class BatchProgram {
 public:
  BatchProgram(SimulatedFilesystem& filesystem, const Shape& shape)
      : filesystem_(filesystem), shape_(shape) {
    if (shape.is_mapped) filesystem.set_write_through_size(0);
  }

  void run() {
    open() && put("single") && write({"a", "b", "c"}) && write({"a", "-b", "d", "", "d"}) &&
        sync() && put("a") && write(several(12)) && write({"single", "-c"}) && sync() &&
        write({"a", "b", "c", "", ""}) && rotate() && write({"b", "-a", "b", "-d"}) && close() &&
        open() && write(several(5)) && write({"c"}) && write({"x", "y"}, Durability::kEveryWrite) &&
        write({"-x", "y", "z"}) && put("single") && write(several(12));
  }

  [[nodiscard]] Options options() const {
    return {.segment_size_max = shape_.segment_size_max, .filesystem = &filesystem_};
  }
  // Whether `found` can be what is left, if all up to the last success, or only to the last sync,
  // must be there.
  [[nodiscard]] std::string compare(const State& found, bool is_visible) const {
    const std::size_t first = is_visible ? visible_ : durable_;
    for (std::size_t index = first; index < states_.size(); ++index) {
      if (states_[index] == found) return "";
    }
    return "none of the states " + std::to_string(first) + " to " +
           std::to_string(states_.size() - 1) + ", but one of " +
           std::to_string(found.record_count) + " records and " +
           std::to_string(found.values.size()) + " keys";
  }
  [[nodiscard]] std::size_t state_count() const { return states_.size(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool open() {
    Result<DataWal> opened = DataWal::open(kStore, options());
    if (!opened) return false;
    store_.emplace(*std::move(opened));
    return true;
  }

  static std::vector<std::string> several(int count) {
    std::vector<std::string> keys;
    for (int index = 0; index < count; ++index) keys.push_back("key " + std::to_string(index));
    return keys;
  }

  std::string next_value() {
    return std::to_string(states_.size()) + std::string(shape_.value_size, 'v');
  }

  bool put(const std::string& key) {
    const std::string value = next_value();
    State next = states_.back();
    next.values[key] = value;
    ++next.record_count;
    states_.push_back(std::move(next));
    return note(store_->put(as_bytes(key), as_bytes(value)));
  }

  // Puts these keys; removes those with a minus; an empty one is a Raw record.
  bool write(const std::vector<std::string>& keys, Durability durability = Durability::kManual) {
    WriteBatch batch;
    State next = states_.back();
    next.record_count += keys.size();
    for (std::string key : keys) {
      const std::string value = next_value() + key;
      if (key.empty()) {
        (void)batch.append(as_bytes(value));
      } else if (key.front() == '-') {
        key.erase(0, 1);
        (void)batch.remove(as_bytes(key));
        next.values.erase(key);
      } else {
        (void)batch.put(as_bytes(key), as_bytes(value));
        next.values[key] = value;
      }
    }
    states_.push_back(std::move(next));
    if (!note(store_->write(batch, durability))) return false;
    if (durability == Durability::kEveryWrite) durable_ = visible_;
    return true;
  }

  bool note(const Result<Txid>& written) {
    if (written) visible_ = states_.size() - 1;
    check();
    return written.has_value();
  }

  // What the store itself shows, while it is open.
  void check() {
    for (const auto& [key, value] : states_[visible_].values) {
      const auto found = store_->get(as_bytes(key));
      // The sync of a batch that is there may have failed.
      const auto attempted = states_.back().values.find(key);
      const bool is_right =
          found && *found &&
          ((*found)->text() == value ||
           (attempted != states_.back().values.end() && (*found)->text() == attempted->second));
      if (!is_right && found) problem_ = "get " + key + " is wrong";
    }
  }

  bool sync() {
    if (!store_->sync()) return false;
    durable_ = visible_;
    return true;
  }
  bool rotate() {
    if (!store_->rotate()) return false;
    durable_ = visible_;
    return true;
  }
  bool close() {
    if (!store_->close()) return false;
    durable_ = visible_;
    store_.reset();
    return true;
  }

  SimulatedFilesystem& filesystem_;
  Shape shape_;
  std::vector<State> states_ = {{}};
  std::size_t visible_ = 0;
  std::size_t durable_ = 0;
  std::optional<DataWal> store_;
  std::string problem_;
};

Result<State> state_of(RecordCursor cursor) {
  const Reading reading = reading_of(std::move(cursor));
  if (reading.error) return std::unexpected(*reading.error);
  return State{fold(reading.records), reading.records.size()};
}

std::string check_values(const DataWal& store, const State& expected) {
  if (store.size() != expected.values.size()) return "size is " + std::to_string(store.size());
  for (const auto& [key, value] : expected.values) {
    const auto found = store.get(as_bytes(key));
    if (!found || !*found || (*found)->text() != value) return "get " + key + " is wrong";
  }
  return "";
}

// What a reader sees before anybody has opened the store.
std::string check_reader(const Options& options, const BatchProgram& program, bool is_visible) {
  const auto reader = RecordLogReader::open(kStore, options);
  if (!reader && reader.error().code == ErrorCode::kNotFound) {
    return program.compare({}, is_visible);
  }
  if (!reader) return "reader: " + reader.error().to_string();
  const Result<State> state = state_of(reader->scan());
  if (!state) return "reader: " + state.error().to_string();
  const std::string difference = program.compare(*state, is_visible);
  if (!difference.empty()) return "reader: " + difference;
  const auto store = DataWal::open_read_only(kStore, options);
  return store ? check_values(*store, *state) : "read-only: " + store.error().to_string();
}

// Names that a failed sync of a directory was for may be on no disk, whatever is synced afterwards.
bool has_directory_sync_failed(const SimulatedFilesystem& filesystem) {
  return std::ranges::any_of(filesystem.trace(), [](const std::string& line) {
    const bool is_of_directory =
        line.starts_with("sync_directory ") || line.starts_with("sync_parent ");
    return is_of_directory && !line.ends_with(": ok");
  });
}

// Opens what is left, and writes one more batch that must be there after the next power cut.
std::string check_left(SimulatedFilesystem& filesystem, const BatchProgram& program,
                       bool is_visible) {
  Options options = program.options();
  options.filesystem = &filesystem;
  std::string found = check_reader(options, program, is_visible);
  if (!found.empty()) return found;
  State expected;
  {
    Result<DataWal> store = DataWal::open(kStore, options);
    if (!store) return "open: " + store.error().to_string();
    const Result<State> state = state_of(store->scan());
    if (!state) return "scan: " + state.error().to_string();
    found = program.compare(*state, is_visible);
    if (found.empty()) found = check_values(*store, *state);
    if (!found.empty()) return found;
    expected = *state;
    WriteBatch batch;
    for (const std::string key : {"last 1", "last 2", "a"}) {
      (void)batch.put(as_bytes(key), as_bytes("last"));
      expected.values[key] = "last";
      ++expected.record_count;
    }
    if (const auto written = store->write(batch); !written) return written.error().to_string();
    if (const auto synced = store->sync(); !synced) return synced.error().to_string();
    if (!has_directory_sync_failed(filesystem)) filesystem.crash(PowerCut::kDropPending);
  }
  const Result<DataWal> store = DataWal::open(kStore, options);
  if (!store) return "second open: " + store.error().to_string();
  const Result<State> state = state_of(store->scan());
  if (!state || *state != expected) return "the second open has found something else";
  return check_values(*store, expected);
}

class BatchSweep : public ::testing::TestWithParam<Shape> {
 protected:
  void run_until(std::uint64_t n) {
    filesystem_ = std::make_unique<SimulatedFilesystem>(n);
    program_.emplace(*filesystem_, GetParam());
    filesystem_->stop_at_mutation(n);
    program_->run();
    expect_none(n, program_->problem());
  }
  void expect_none(std::uint64_t n, const std::string& problem) {
    if (problem.empty()) return;
    ADD_FAILURE() << "point " << n << ": " << problem;
    ++failure_count_;
  }
  [[nodiscard]] bool goes_on() const { return failure_count_ < 3; }

  std::unique_ptr<SimulatedFilesystem> filesystem_;
  std::optional<BatchProgram> program_;
  int failure_count_ = 0;
};

TEST_P(BatchSweep, APowerCutLeavesEachWholeOrNotAtAll) {
  constexpr std::uint64_t kTearCount = 40;
  std::uint64_t n = 0;
  bool is_running = true;
  while (is_running && goes_on()) {
    n += sweep_stride();
    run_until(n);
    is_running = filesystem_->is_stopped();
    for (std::uint64_t seed = 0; seed < kTearCount + 3 && goes_on(); ++seed) {
      const PowerCut policy = seed == 0   ? PowerCut::kDropPending
                              : seed == 1 ? PowerCut::kKeepPending
                              : seed == 2 ? PowerCut::kZeroPending
                                          : PowerCut::kTear;
      const auto machine = filesystem_->clone();
      machine->crash(policy, 1000 * n + seed);
      expect_none(n, check_left(*machine, *program_, false));
    }
  }
  EXPECT_GT(program_->state_count(), 12U);
}

TEST_P(BatchSweep, AKilledProcessLeavesEachWholeOrNotAtAll) {
  std::uint64_t n = 0;
  bool is_running = true;
  while (is_running && goes_on()) {
    n += sweep_stride();
    run_until(n);
    is_running = filesystem_->is_stopped();
    const std::uint64_t size = filesystem_->interrupted_write_size();
    const std::uint64_t parts = std::min<std::uint64_t>(size, 16);
    for (std::uint64_t part = 0; part <= parts && goes_on(); ++part) {
      if (part > 0) run_until(n);
      filesystem_->kill_process(parts == 0 ? 0 : size * part / parts);
      expect_none(n, check_left(*filesystem_, *program_, true));
    }
  }
}

TEST_P(BatchSweep, AFailedCallLeavesEachWholeOrNotAtAll) {
  for (const std::uint64_t prefix : {0U, 100U, 300U, 1U << 20}) {
    for (std::uint64_t n = 1; goes_on(); n += sweep_stride()) {
      filesystem_ = std::make_unique<SimulatedFilesystem>(n);
      program_.emplace(*filesystem_, GetParam());
      filesystem_->inject({.first = n, .code = ErrorCode::kNoSpace, .written_prefix = prefix});
      program_->run();
      const bool is_over = n > filesystem_->call_count();
      filesystem_->clear_faults();
      expect_none(n, program_->problem());
      const auto machine = filesystem_->clone();
      machine->crash(PowerCut::kDropPending);
      expect_none(n, check_left(*machine, *program_, false));
      filesystem_->kill_process();
      expect_none(n, check_left(*filesystem_, *program_, true));
      if (is_over) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, BatchSweep,
                         ::testing::Values(Shape{"Small", 700, 10, false},
                                           Shape{"Large", 100'000, 1700, false},
                                           Shape{"SmallMapped", 700, 10, true},
                                           Shape{"LargeMapped", 100'000, 1700, true}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace datawal::test::batch_sweep_test
