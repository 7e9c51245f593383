// A program that uses every operation of the library, knows at every moment what must be on the
// disk, and checks everything that it reads. It is run with a fault at each of its calls, and with
// a power cut at each of its changes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/record_log.h"
#include "file/simulated_filesystem.h"
#include "support/log_model.h"

namespace datawal::test {

struct ScenarioShape {
  std::uint64_t segment_size_max;
  std::vector<std::size_t> value_sizes;  // used in turn
  // Records are stored through a mapping from the first on, and each close saves the index.
  bool is_mapped = false;
  // Each segment is made, and the one before it synced, ahead of the end of that.
  bool works_ahead = false;
};
// Many segments, each in one page of the disk.
[[nodiscard]] ScenarioShape small_shape();
// Records across the borders of sectors and pages.
[[nodiscard]] ScenarioShape paged_shape();
// The shape of this name: "Small", "Paged", "SmallMapped", "PagedMapped", "SmallAhead",
// "PagedAhead"; the last two are mapped, too.
[[nodiscard]] ScenarioShape shape_named(std::string_view name);

inline constexpr std::string_view kScenarioStore = "/data/dir/store";
inline constexpr std::string_view kScenarioExport = "/data/out/export.jsonl";
inline constexpr std::string_view kScenarioImport = "/data/import.jsonl";

// A file or a store that an operation makes from the keys and values: whole, or not at all.
struct Artifact {
  bool must_exist = false;
  std::vector<KeyValues> candidates = {};  // the last that was promised, and what was tried since
};

// The export of these keys and values.
[[nodiscard]] std::string jsonl_of(const KeyValues& values);

class Scenario {
 public:
  // Puts what the scenario reads onto the machine, and nothing else.
  Scenario(SimulatedFilesystem& filesystem, ScenarioShape shape);

  // Runs all steps, whatever fails on the way; what must not happen is added to problems(). Leaves
  // the store open, with records that are not synced. Ends early when the machine is stopped.
  void run();

  [[nodiscard]] const LogModel& model() const { return model_; }
  // What was read or reported wrong.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  // By path.
  [[nodiscard]] const std::map<std::string, Artifact>& artifacts() const { return artifacts_; }
  [[nodiscard]] Options options() const;

 private:
  void open_store();
  void open_log();
  void put(const std::string& key);
  void put_value(const std::string& key, ByteView value);
  void remove(const std::string& key);
  void append();
  void append_to_log();
  void sync();
  void rotate();
  void close();
  void kill();
  void tear_next_write();
  void fail_next_sync();

  void check_gets();
  void check_scan(RecordCursor cursor);
  void check_items();
  void check_reader();
  void check_read_only();
  void check_following();
  void check_verify();
  void compact(const std::string& path);
  void export_to(const std::string& path);
  void salvage_to(const std::string& path);
  void import_file();

  void fill();
  void use_as_log();
  void lose_process();
  void tear_and_recover();
  void survive_failed_sync();
  void mend();

  [[nodiscard]] const RecordLog* live_log() const;
  [[nodiscard]] Bytes next_value();
  [[nodiscard]] bool attempt(Records records);
  void note(const char* what, const std::optional<Error>& error, bool was_poisoned);
  void note_append(const char* what, const std::optional<Error>& error, bool was_poisoned);
  void note_opened(const char* what, const RecoveryReport& report);
  void check_error(const char* what, const Error& error);
  void check_value(const std::string& key, const KeyValues& expected);
  Artifact& begin_artifact(const std::string& path);
  void end_artifact(Artifact& artifact, const std::optional<Error>& error);
  void problem(const std::string& what);

  SimulatedFilesystem& filesystem_;
  ScenarioShape shape_;
  LogModel model_;
  std::optional<DataWal> store_;
  std::optional<RecordLog> log_;
  std::map<std::string, Artifact> artifacts_;
  std::vector<std::string> problems_;
  std::uint64_t value_count_ = 0;
};

}  // namespace datawal::test
