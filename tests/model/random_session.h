// A program that does random things to a store, and compares what it finds with what it did.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/maintenance.h"
#include "datawal/record_log_reader.h"
#include "file/simulated_filesystem.h"
#include "support/log_model.h"

namespace datawal::test {

struct SessionShape {
  std::uint64_t segment_size_max = 2000;
  std::size_t value_size_max = 300;
  std::size_t key_count = 12;
  bool saves_index = false;  // at every close
};

class RandomSession {
 public:
  // Works in `base`, which it has for itself. `machine` is the filesystem, if that is a simulated
  // one: then processes die, calls fail and the power goes as well.
  RandomSession(Filesystem& filesystem, std::filesystem::path base, std::uint64_t seed,
                SessionShape shape, SimulatedFilesystem* machine);

  // Does so many things. Stops at the first that goes wrong, and says what; "" if nothing does.
  [[nodiscard]] std::string run(std::size_t operation_count);

  // The last operations, for messages.
  [[nodiscard]] std::string history() const;

 private:
  struct Operation {
    const char* name;
    unsigned weight;
    std::function<void()> run;
  };

  [[nodiscard]] std::vector<Operation> operations();
  void put();
  void remove();
  void append();
  void write();
  void sync();
  void rotate();
  void reopen();
  void check_sidecars();
  void get();
  void scan();
  void scan_from();
  void walk();
  void take_snapshot();
  void look_at_snapshot();
  void compact();
  void export_and_import();
  void import_into_self();
  void read_beside();
  void follow();
  void kill();
  void cut_power();
  void arm_stop();
  void arm_fault();

  void open();
  void recover_if_stopped();
  void compare_everything();
  [[nodiscard]] std::size_t certain_count() const;
  void restart_follower();
  [[nodiscard]] bool attempt(Records records);
  [[nodiscard]] Record random_record();
  template <typename T>
  void note(const Result<T>& result, bool was_poisoned);
  void check_error(const Error& error);
  void compare_copy(const std::filesystem::path& path);
  [[nodiscard]] bool is_disturbed() const;
  [[nodiscard]] std::string random_key();
  [[nodiscard]] Bytes random_value();
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  [[nodiscard]] std::filesystem::path fresh_path(std::string_view stem);
  [[nodiscard]] Options options() const;
  void problem(const std::string& what);

  Filesystem& filesystem_;
  std::filesystem::path base_;
  SessionShape shape_;
  SimulatedFilesystem* machine_;
  std::mt19937_64 random_;
  LogModel model_;
  LogModel::Floor floor_ = LogModel::Floor::kVisible;  // of the next open
  std::optional<DataWal> store_;
  struct TakenSnapshot {
    Snapshot snapshot;
    KeyValues values;
    Txid txid;
  };
  std::vector<TakenSnapshot> snapshots_;
  std::optional<Follower> follower_;
  Txid followed_txid_ = 0;
  std::size_t opened_count_ = 0;  // records that the store had when it was opened
  bool has_fault_ = false;
  std::uint64_t path_count_ = 0;
  std::string problem_;
  std::vector<std::string> history_;
};

}  // namespace datawal::test
