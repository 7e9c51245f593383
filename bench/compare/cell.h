// One cell of the comparison: one suite of workloads for one store, once. This is what the suites
// are written with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "compare/dataset.h"
#include "compare/store.h"

namespace datawal::bench {

// One measured figure. Smaller is better in every unit.
struct Sample {
  std::string workload;
  std::string unit;  // "ns/op", "ns/key", "ms" or "bytes/key"
  double value = 0;
  std::uint64_t operations = 0;
  std::int64_t end_ns = 0;  // when the measurement had ended, by the monotonic clock
};

// Why there is no figure.
struct Note {
  std::string workload;
  std::string text;
};

struct CellPlan {
  StoreKind kind;
  std::filesystem::path directory;  // fresh; everything of the cell is below it
  std::size_t value_size = 0;
  std::uint32_t count = 0;  // entries
  std::uint64_t seed = 0;
  // At most so many operations are measured in a loop; the store is as large in any case.
  std::uint32_t measured_count_max = UINT32_MAX;
};

struct OpenPlan {
  bool durable = false;
  unsigned thread_count = 1;
  std::size_t cache_size = kCacheSize;
  std::size_t write_buffer_size = kWriteBufferSize;
  bool exceeds_memory = false;
};

// Which shuffle of the entries a workload uses.
enum class Purpose : std::uint64_t { kPut, kOverwrite, kGet, kAbsent, kDelete };

inline constexpr std::size_t kBatchSize = 100;

class Cell {
 public:
  explicit Cell(const CellPlan& plan, KeyOrder key_order = KeyOrder::kScattered);

  [[nodiscard]] const CellPlan& plan() const { return plan_; }
  [[nodiscard]] const StoreKind& kind() const { return plan_.kind; }
  [[nodiscard]] const Dataset& dataset() const { return dataset_; }
  [[nodiscard]] std::filesystem::path path(const char* name) const;

  [[nodiscard]] std::unique_ptr<Store> open(const std::filesystem::path& directory,
                                            const OpenPlan& open_plan = {}) const;
  [[nodiscard]] std::vector<std::uint32_t> shuffled(Purpose purpose) const;
  // The part of it that is measured.
  [[nodiscard]] std::span<const std::uint32_t> measured(
      const std::vector<std::uint32_t>& order) const;
  // Whether all of it is.
  [[nodiscard]] bool measures_all() const { return plan_.count <= plan_.measured_count_max; }

  // One operation, its result checked: throws at a wrong one.
  void put(Session& session, std::uint32_t index, Generation generation) const;
  void get(Session& session, std::uint32_t index, Generation generation) const;
  void view(Session& session, std::uint32_t index, Generation generation) const;
  void expect_absent(Session& session, std::uint32_t index) const;
  void put_batch(Session& session, std::span<const std::uint32_t> indices,
                 Generation generation) const;
  // Entries in batches as large as loads have them.
  void load(Session& session, std::span<const std::uint32_t> indices, Generation generation) const;
  // A scan, checked by its sum.
  void check_sum(Store& store, Written written = {}) const;
  // A scan, every entry of which is compared.
  void check_entries(Store& store, Written written = {}) const;

  void add(std::string workload, std::string unit, double value, std::uint64_t operations);
  void add_time(std::string workload, std::string unit, double seconds, std::uint64_t operations);
  void note(std::string workload, std::string text);

  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }
  [[nodiscard]] const std::vector<Note>& notes() const { return notes_; }
  // Takes over what another cell has measured.
  void append(const Cell& other);

 private:
  CellPlan plan_;
  Dataset dataset_;
  std::vector<Sample> samples_;
  std::vector<Note> notes_;
};

// How long a call takes.
[[nodiscard]] double seconds_of(const std::function<void()>& work);

// How long `count` threads take that begin together, each with its number.
[[nodiscard]] double seconds_of_threads(unsigned count, const std::function<void(unsigned)>& work);

// The part of `order` that falls to one of `count` threads.
[[nodiscard]] std::span<const std::uint32_t> share_of(std::span<const std::uint32_t> order,
                                                      unsigned thread, unsigned count);

// Waits until the store's background threads, if it has any, have nothing left to do, so that no
// workload pays for the one before it.
void settle();

// Writes everything on the filesystem of `directory` to the disk.
void sync_disk(const std::filesystem::path& directory);

}  // namespace datawal::bench
