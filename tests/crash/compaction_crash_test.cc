// A compaction in place is stopped before every change that it makes to the disk, by the death of
// the process or of the machine. What is in the directory then must fold to the same keys and
// values, for a reader that knows nothing of compaction; and Raw records must be there once each.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "format/batch_frame.h"
#include "format/names.h"
#include "log/hint_file.h"
#include "log/log_scan.h"
#include "support/soak.h"
#include "support/store_files.h"
#include "support/trace.h"

namespace datawal::test::compaction_crash_test {
namespace {

using Values = std::map<std::string, std::string>;

constexpr const char* kStore = "store";

void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().to_string());
}
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return *std::move(result);
}

// What a store holds.
struct Contents {
  Values values;
  std::vector<std::string> events;  // Raw records, but for those of the library's own

  friend bool operator==(const Contents&, const Contents&) = default;
};

std::string describe(const Contents& contents) {
  std::string text;
  for (const auto& [key, value] : contents.values) text += key + "=" + value + " ";
  for (const std::string& event : contents.events) text += "[" + event + "] ";
  return text;
}

// The fold of version 1, by itself: all frames of all segments, in order, up to the tail.
Contents fold_of(SimulatedFilesystem& machine) {
  Contents contents;
  for (const auto& [name, bytes] : files_in(machine, kStore)) {
    if (!parse_segment_name(name)) continue;
    for (const Bytes& frame : frames_of(bytes)) {
      const DecodeOutcome outcome = decode_frame(frame);
      const RecordView& record = std::get<DecodedFrame>(outcome).record;
      const std::string key(as_text(record.key));
      if (record.type == RecordType::kPut) contents.values[key] = as_text(record.payload);
      if (record.type == RecordType::kDelete) contents.values.erase(key);
      if (record.type == RecordType::kRaw && !may_have_meaning(record)) {
        contents.events.emplace_back(as_text(record.payload));
      }
    }
  }
  return contents;
}

Values values_of(const DataWal& store) {
  Values values;
  must(store.for_each([&](const Item& item) {
    values.emplace(as_text(item.key), as_text(item.value));
    return true;
  }));
  return values;
}

// What a store opens from: with what hints tell, where they are believed, or without.
std::vector<std::string> log_of(SimulatedFilesystem& machine, bool uses_hints) {
  auto directory = must(machine.open_directory(kStore));
  LogScan scan(must(load_log_view(std::move(directory), machine, DamagePolicy::kRefuse)),
               DamagePolicy::kRefuse, {});
  scan.read_ahead({.thread_count = 2, .uses_hints = uses_hints});
  std::vector<std::string> log;
  while (true) {
    const auto record = scan.next();
    if (!record) log.push_back(record.error().to_string());
    if (!record || !*record) return log;
    const RecordRef& ref = (*record)->ref;
    log.push_back(std::to_string((*record)->txid) + ' ' + std::string(as_text((*record)->key)) +
                  ' ' + std::to_string(std::to_underlying(ref.segment)) + ' ' +
                  std::to_string(ref.offset) + ' ' + std::to_string(ref.size));
  }
}

void write_hints(SimulatedFilesystem& machine, const std::vector<SegmentId>& segments) {
  const auto directory = must(machine.open_directory(kStore));
  for (const SegmentId segment : segments) {
    if (segment == segments.back()) continue;
    EXPECT_TRUE(write_hint(*directory, segment, [] { return true; }, 0));
  }
  must(directory->sync());
}

struct Shape {
  const char* name;
  std::uint64_t write_through_size;
  double garbage_ratio_min;
  bool with_events;
  bool works_ahead = false;  // of rotations
};

void PrintTo(const Shape& shape, std::ostream* stream) {
  *stream << shape.name;
}

class CompactionCrash : public ::testing::TestWithParam<Shape> {
 protected:
  [[nodiscard]] Options options(SimulatedFilesystem& machine) const {
    Options options = options_for(machine);
    options.create_if_missing = true;
    options.segment_size_max = 420;
    options.checkpoint_log_size = 0;
    return options;
  }

  static void set_up(SimulatedFilesystem& machine) {
    machine.set_write_through_size(GetParam().write_through_size);
    if (!GetParam().works_ahead) return;
    machine.set_ahead_of_rotation({.segment_size_min = 0, .on_thread = false});
  }

  static void put(DataWal& store, const std::string& key, const std::string& value) {
    (void)must(store.put(as_bytes(key), as_bytes(value)));
  }

  // Of its records, one is overwritten later, one removed, and one stays. What would be left of an
  // announcement that was kept could not be read.
  void write_batch(DataWal& store, int number) const {
    const std::string value = "batch " + std::to_string(number);
    WriteBatch batch;
    must(batch.put(as_bytes("key " + std::to_string(number % 13)), as_bytes(value)));
    must(batch.put(as_bytes("batch " + std::to_string(number)), as_bytes(value)));
    must(batch.remove(as_bytes("key " + std::to_string(number % 7))));
    must(batch.put(as_bytes("passing"), as_bytes(value)));
    if (GetParam().with_events) must(batch.append(as_bytes("event of " + value)));
    (void)must(store.write(batch));
    (void)must(store.remove(as_bytes("passing")));
  }

  // A store with everything that compaction looks at, whose last changes are not durable.
  void fill(DataWal& store) const {
    for (int number = 0; number < 70; ++number) {
      const std::string key = "key " + std::to_string(number % 13);
      put(store, key, "value " + std::to_string(number));
      if (number % 6 == 0) {
        (void)must(store.remove(as_bytes("key " + std::to_string(number % 9))));
      }
      if (number % 16 == 5) write_batch(store, number);
      if (GetParam().with_events && number % 20 == 0) {
        (void)must(store.append(as_bytes("event " + std::to_string(number))));
      }
    }
    // Two that are never written again, and one whose Delete must stay as long as it does.
    put(store, "long gone", std::string(60, 'x'));
    must(store.rotate());
    (void)must(store.remove(as_bytes("long gone")));
    put(store, "late", "old");
    must(store.rotate());
    put(store, "last", "value");  // an index is saved only where the active segment has a record
    must(store.sync());
  }

  // Begins a machine anew and runs the compaction until its n-th change to the disk.
  bool run_until(std::uint64_t n) {
    machine_ = std::make_unique<SimulatedFilesystem>(n);
    set_up(*machine_);
    store_ = std::make_unique<DataWal>(must(DataWal::open(kStore, options(*machine_))));
    fill(*store_);
    must(store_->close());  // which saves the index
    store_ = std::make_unique<DataWal>(must(DataWal::open(kStore, options(*machine_))));
    write_hints(*machine_, store_->log()->segments());
    durable_ = fold_of(*machine_);
    put(*store_, "late", "new");  // not synced
    sealed_ = files_in(*machine_, kStore);
    last_ = store_->log()->active_segment();
    EXPECT_TRUE(sealed_.contains(std::string(kCheckpointName)));
    visible_ = fold_of(*machine_);
    machine_->stop_at_mutation(n);
    const auto report = store_->compact({.garbage_ratio_min = GetParam().garbage_ratio_min});
    if (!machine_->is_stopped() && !report) ADD_FAILURE() << report.error().to_string();
    return machine_->is_stopped();
  }

  void check(SimulatedFilesystem& machine, bool is_power_cut, const std::string& what) {
    const auto is_right = [&](const Contents& contents) {
      return contents == visible_ || (is_power_cut && contents == durable_);
    };
    const Contents found = fold_of(machine);
    if (has_foreign_index(machine)) return fail(machine, what + ": an index of other segments");
    if (!is_right(found)) return fail(machine, what + ": the disk holds " + describe(found));
    if (log_of(machine, true) != log_of(machine, false)) {
      return fail(machine, what + ": hints of other segments are believed");
    }
    {
      auto reader = DataWal::open_read_only(kStore, options(machine));
      if (!reader) return fail(machine, what + ": " + reader.error().to_string());
      if (values_of(*reader) != found.values) return fail(machine, what + ": read otherwise");
      if (!reader->recovery_report().durable) return fail(machine, what + ": a foreign watermark");
    }
    auto store = DataWal::open(kStore, options(machine));
    if (!store) return fail(machine, what + ": " + store.error().to_string());
    if (values_of(*store) != found.values) return fail(machine, what + ": opened otherwise");
    const auto report = store->compact();
    if (!report) return fail(machine, what + ": " + report.error().to_string());
    if (values_of(*store) != found.values) return fail(machine, what + ": compacted otherwise");
    if (fold_of(machine) != found) return fail(machine, what + ": compacted to something else");
    must(store->close());
    for (const std::string& name : names_in(machine, kStore)) {
      if (is_compacted_name(name)) fail(machine, what + ": " + name + " is left");
    }
  }

  // Whether there is a saved index where a segment has been replaced since it was saved: its size
  // might be the same by chance.
  [[nodiscard]] bool has_foreign_index(SimulatedFilesystem& machine) const {
    const Files files = files_in(machine, kStore);
    if (sealed_.empty()) return false;
    const std::string checkpoint(kCheckpointName);
    if (!files.contains(checkpoint) || files.at(checkpoint) != sealed_.at(checkpoint)) return false;
    const auto is_changed = [&](const auto& before) {
      const auto& [name, bytes] = before;
      const auto now = files.find(name);
      const bool is_sealed = parse_segment_name(name) && segment_name(last_) != name;
      return is_sealed && (now == files.end() || now->second != bytes);
    };
    return std::ranges::any_of(sealed_, is_changed);
  }

  void fail(SimulatedFilesystem& machine, const std::string& what) {
    ADD_FAILURE() << what << "\nexpected " << describe(visible_) << "\n" << tail_of_trace(machine);
    ++failure_count_;
  }

  std::unique_ptr<SimulatedFilesystem> machine_;
  std::unique_ptr<DataWal> store_;
  Files sealed_;      // before the compaction
  SegmentId last_{};  // the active segment then
  Contents durable_;
  Contents visible_;
  int failure_count_ = 0;
};

TEST_P(CompactionCrash, APowerCutAtAnyStepLeavesTheSameState) {
  std::uint64_t n = 0;
  bool is_running = true;
  while (is_running && failure_count_ < 3) {
    n += sweep_stride();
    is_running = run_until(n);
    for (std::uint64_t seed = 0; seed < 23; ++seed) {
      const PowerCut policy = seed == 0   ? PowerCut::kDropPending
                              : seed == 1 ? PowerCut::kKeepPending
                              : seed == 2 ? PowerCut::kZeroPending
                                          : PowerCut::kTear;
      const auto after = machine_->clone();
      after->crash(policy, 100 * n + seed);
      check(*after, true, "change " + std::to_string(n) + " seed " + std::to_string(seed));
    }
  }
  EXPECT_GT(n, 25U) << "the scenario has become too small to mean anything";
}

TEST_P(CompactionCrash, TheDeathOfTheProcessAtAnyStepLeavesTheSameState) {
  std::uint64_t n = 0;
  bool is_running = true;
  while (is_running && failure_count_ < 3) {
    n += sweep_stride();
    is_running = run_until(n);
    machine_->kill_process();
    check(*machine_, false, "change " + std::to_string(n));
  }
}

TEST_P(CompactionCrash, AFailureOfAnyCallLeavesTheSameState) {
  const auto begin = [this] {
    machine_ = std::make_unique<SimulatedFilesystem>(1);
    set_up(*machine_);
    store_ = std::make_unique<DataWal>(must(DataWal::open(kStore, options(*machine_))));
    fill(*store_);
    visible_ = fold_of(*machine_);
    sealed_.clear();
    machine_->reset_counts();
  };
  begin();
  (void)must(store_->compact({.garbage_ratio_min = GetParam().garbage_ratio_min}));
  const std::uint64_t call_count = machine_->call_count();
  EXPECT_GT(call_count, 50U) << "the scenario has become too small to mean anything";
  for (std::uint64_t n = 1; n <= call_count && failure_count_ < 3; n += sweep_stride()) {
    begin();
    machine_->inject({.first = n, .code = ErrorCode::kNoSpace});
    // A failure may be of no consequence: then it has succeeded.
    (void)store_->compact({.garbage_ratio_min = GetParam().garbage_ratio_min});
    machine_->clear_faults();
    EXPECT_EQ(values_of(*store_), visible_.values) << n;
    store_.reset();
    check(*machine_, false, "call " + std::to_string(n));
  }
}

INSTANTIATE_TEST_SUITE_P(, CompactionCrash,
                         ::testing::Values(Shape{"Written", 64 << 10, 0, true},
                                           Shape{"Mapped", 0, 0, true},
                                           Shape{"Joined", 0, 0, false},
                                           Shape{"InPart", 0, 0.6, false},
                                           Shape{"Ahead", 0, 0, true, true}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace datawal::test::compaction_crash_test
