// What the comparison asks of a store. Each store is driven through these interfaces by the same
// loops; an adapter does nothing that the store's own documentation would not have an application
// do.
//
// A failure of any kind is thrown as std::runtime_error and ends the run: a benchmark that went
// wrong has no figures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "datawal/bytes.h"

namespace datawal::bench {

// Memory that a store with a cache of its own may use for it; what the others leave to the page
// cache.
inline constexpr std::size_t kCacheSize = 512ULL << 20;
// What a store with a write buffer of its own may collect there.
inline constexpr std::size_t kWriteBufferSize = 64ULL << 20;

struct StoreSettings {
  std::filesystem::path directory;
  std::size_t value_size = 0;  // of all values, in bytes
  // For stores that are sized beforehand: at most so many keys, and so many puts and removals in
  // the store's life.
  std::uint64_t key_count_max = 0;
  std::uint64_t write_count_max = 0;
  // false: a put that has returned outlives SIGKILL. true: it outlives a power cut.
  bool durable = false;
  // How many sessions are used at the same time.
  unsigned thread_count = 1;
  std::size_t cache_size = kCacheSize;
  std::size_t write_buffer_size = kWriteBufferSize;
  // There is more data than memory, also for the page cache.
  bool exceeds_memory = false;
};

struct Entry {
  ByteView key;
  ByteView value;
};

// Called for each entry of a scan; the views are valid during the call.
using Visitor = std::function<void(ByteView key, ByteView value)>;

// What one thread does with a store. Views stay valid until the session's next call.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  virtual void put(ByteView key, ByteView value) = 0;
  // Puts all entries as the store does it fastest, and makes them durable together where the store
  // is durable. A store without batches does single puts.
  virtual void put_batch(std::span<const Entry> entries) = 0;
  // The value, or nullopt.
  virtual std::optional<ByteView> get(ByteView key) = 0;
  // The same, without a copy where the store can do that.
  virtual std::optional<ByteView> view(ByteView key) { return get(key); }
  // Removes the key and tells whether it was there.
  virtual bool remove(ByteView key) = 0;
};

// A key/value store, open. Destruction closes it. Its sessions end before it does.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // As many as StoreSettings::thread_count may be used at the same time, each by one thread.
  [[nodiscard]] virtual std::unique_ptr<Session> session() = 0;
  // Visits every live entry once: in key order if StoreKind::is_ordered, else in whatever order is
  // fastest.
  virtual void scan(const Visitor& visit) = 0;
  // Rids the store of what was overwritten, and syncs: into a new store in `target` where the store
  // can do that, else in place. Gives the directory of the compacted store. Sessions may be alive,
  // and read, only if StoreKind::reads_while_compacting.
  virtual std::filesystem::path compact(const std::filesystem::path& target) = 0;
  // Writes all entries as JSON lines, in key order. Called only where StoreKind::exports is set.
  virtual void export_jsonl(const std::filesystem::path& file);
};

// An append-only log, open. Destruction closes it.
class Log {
 public:
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  virtual ~Log() = default;

  virtual void append(ByteView payload) = 0;
  // Visits every record in order; the key is empty.
  virtual void scan(const Visitor& visit) = 0;
};

struct StoreKind {
  std::string_view name;
  std::string version;
  std::unique_ptr<Store> (*open)(const StoreSettings& settings);
  // Null for a store that is no log.
  std::unique_ptr<Log> (*open_log)(const std::filesystem::path& directory) = nullptr;
  bool exports = false;     // has an export of its own; an ordered store is exported by the bench
  bool is_ordered = false;  // scans in key order
  bool has_keys = true;     // a scan shows keys
  bool can_sync = true;
  bool can_compact = true;
  bool reads_while_compacting = true;
  bool recovers = true;  // opens what a killed process left, with everything acknowledged
  // The floor is no store: opening it again, its memory and what it survives are of no interest.
  bool is_floor = false;
  // Takes part in fewer rounds, and fewer of its operations are measured, so that a run ends in
  // time.
  bool is_slow = false;
};

// Each is in the file of its name under stores/, those of Rust crates in crates.cc.
[[nodiscard]] StoreKind datawal_kind();
[[nodiscard]] StoreKind floor_kind();
[[nodiscard]] std::vector<StoreKind> crate_kinds();
[[nodiscard]] StoreKind leveldb_kind();
[[nodiscard]] std::vector<StoreKind> rocksdb_kinds();
[[nodiscard]] std::vector<StoreKind> lmdb_kinds();
[[nodiscard]] StoreKind sqlite_kind();
[[nodiscard]] StoreKind tkrzw_kind();
[[nodiscard]] StoreKind wiredtiger_kind();
[[nodiscard]] StoreKind berkeleydb_kind();

// All of them; the first is the one that the others are compared with.
[[nodiscard]] std::vector<StoreKind> all_store_kinds();
// Throws if there is none.
[[nodiscard]] StoreKind store_kind_named(std::string_view name);

// Throws, naming the store and the reason.
[[noreturn]] void fail(std::string_view store, std::string_view reason);

}  // namespace datawal::bench
