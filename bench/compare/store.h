// What the comparison asks of a store. Each store is driven through these two interfaces by the
// same loops; an adapter does nothing that the store's own documentation would not have an
// application do.
//
// A failure of any kind is thrown as std::runtime_error and ends the run: a benchmark that went
// wrong has no figures.
#pragma once

#include <cstddef>
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

struct StoreSettings {
  std::filesystem::path directory;
  std::size_t value_size = 0;  // of all values, in bytes
  // false: a put that has returned outlives SIGKILL. true: it outlives a power cut.
  bool durable = false;
};

// Called for each entry of a scan; the views are valid during the call.
using Visitor = std::function<void(ByteView key, ByteView value)>;

// A key/value store, open. Destruction closes it.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  virtual void put(ByteView key, ByteView value) = 0;
  // The value, valid until the next call, or nullopt.
  virtual std::optional<ByteView> get(ByteView key) = 0;
  // Visits every live entry once, in whatever order is fastest.
  virtual void scan(const Visitor& visit) = 0;
  // Rids the store of what was overwritten: into a new store in `target` where the store can do
  // that, else in place. Gives the directory of the compacted store.
  virtual std::filesystem::path compact(const std::filesystem::path& target) = 0;
  // Writes all entries as JSON lines. Called only where StoreKind::exports is set.
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
  bool exports = false;
};

// Each is in the file of its name under stores/.
[[nodiscard]] StoreKind datawal_kind();
[[nodiscard]] StoreKind crate_kind();
[[nodiscard]] StoreKind leveldb_kind();
[[nodiscard]] StoreKind rocksdb_kind();
[[nodiscard]] StoreKind lmdb_kind();
[[nodiscard]] StoreKind sqlite_kind();

// All of them; the first is the one that the others are compared with.
[[nodiscard]] std::vector<StoreKind> all_store_kinds();

// Memory that a store with a cache of its own may use for it; what the others leave to the page
// cache.
inline constexpr std::size_t kCacheSize = 512ULL << 20;
// What a store with a write buffer of its own may collect there.
inline constexpr std::size_t kWriteBufferSize = 64ULL << 20;

// Throws, naming the store and the reason.
[[noreturn]] void fail(std::string_view store, std::string_view reason);

}  // namespace datawal::bench
