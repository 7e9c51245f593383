// LMDB, one transaction a put or a batch. MDB_NOSYNC leaves writing back to the system: a commit is
// in the page cache and outlives the process. Once with pwrite(2), once with MDB_WRITEMAP
// ("lmdb-writemap"), which, its documentation says, is faster and uses fewer mallocs, and keeps
// that promise too. A durable put is its default: the data and then the meta page are synced.
// MDB_NORDAHEAD where there is more data than memory. LMDB keeps no checksums.
#include <lmdb.h>

#include <atomic>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "lmdb";
constexpr std::size_t kMapSize = 16ULL << 30;
constexpr unsigned int kReadersMax = 256;
constexpr mdb_mode_t kFileMode = 0644;

void check(int code) {
  if (code != MDB_SUCCESS) fail(kName, mdb_strerror(code));
}

// LMDB takes writable pointers and only reads through them.
MDB_val value_of(ByteView bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<std::byte*>(bytes.data())};
}

ByteView view_of(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

unsigned int flags_for(const StoreSettings& settings, unsigned int map_flags) {
  return MDB_NOTLS | map_flags | (settings.durable ? 0U : MDB_NOSYNC) |
         (settings.exceeds_memory ? MDB_NORDAHEAD : 0U);
}

// A session's read transaction is renewed when something was written since, so that each get sees
// the newest commit.
class LightningSession final : public Session {
 public:
  LightningSession(MDB_env* environment, MDB_dbi table, std::atomic<std::uint64_t>& writes)
      : environment_(environment), table_(table), writes_(writes) {
    check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reader_));
    mdb_txn_reset(reader_);
  }

  ~LightningSession() override { mdb_txn_abort(reader_); }

  void put(ByteView key, ByteView value) override {
    const Entry entry = {key, value};
    put_batch({&entry, 1});
  }

  void put_batch(std::span<const Entry> entries) override {
    MDB_txn* transaction = begin_write();
    for (const Entry& entry : entries) {
      MDB_val key = value_of(entry.key);
      MDB_val value = value_of(entry.value);
      check(mdb_put(transaction, table_, &key, &value, 0));
    }
    commit(transaction);
  }

  std::optional<ByteView> get(ByteView key) override {
    renew_reader();
    MDB_val lmdb_key = value_of(key);
    MDB_val lmdb_value{};
    const int code = mdb_get(reader_, table_, &lmdb_key, &lmdb_value);
    if (code == MDB_NOTFOUND) return std::nullopt;
    check(code);
    return view_of(lmdb_value);
  }

  bool remove(ByteView key) override {
    MDB_txn* transaction = begin_write();
    MDB_val lmdb_key = value_of(key);
    const int code = mdb_del(transaction, table_, &lmdb_key, nullptr);
    if (code != MDB_NOTFOUND) check(code);
    commit(transaction);
    return code == MDB_SUCCESS;
  }

 private:
  MDB_txn* begin_write() {
    release_reader();
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    return transaction;
  }

  void commit(MDB_txn* transaction) {
    check(mdb_txn_commit(transaction));
    writes_.fetch_add(1, std::memory_order_release);
  }

  void release_reader() {
    if (reading_) mdb_txn_reset(reader_);
    reading_ = false;
  }

  void renew_reader() {
    const std::uint64_t writes = writes_.load(std::memory_order_acquire);
    if (reading_ && writes == writes_seen_) return;
    release_reader();
    check(mdb_txn_renew(reader_));
    reading_ = true;
    writes_seen_ = writes;
  }

  MDB_env* environment_;
  MDB_txn* reader_ = nullptr;
  MDB_dbi table_;
  std::atomic<std::uint64_t>& writes_;
  std::uint64_t writes_seen_ = 0;
  bool reading_ = false;
};

class LightningStore final : public Store {
 public:
  LightningStore(const StoreSettings& settings, unsigned int map_flags) {
    std::filesystem::create_directories(settings.directory);
    check(mdb_env_create(&environment_));
    check(mdb_env_set_mapsize(environment_, kMapSize));
    check(mdb_env_set_maxreaders(environment_, kReadersMax));
    check(mdb_env_open(environment_, settings.directory.c_str(), flags_for(settings, map_flags),
                       kFileMode));
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    check(mdb_dbi_open(transaction, nullptr, 0, &table_));
    check(mdb_txn_commit(transaction));
  }

  ~LightningStore() override { mdb_env_close(environment_); }

  std::unique_ptr<Session> session() override {
    return std::make_unique<LightningSession>(environment_, table_, writes_);
  }

  void scan(const Visitor& visit) override {
    MDB_txn* reader = nullptr;
    check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reader));
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(reader, table_, &cursor));
    MDB_val key{};
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
      visit(view_of(key), view_of(value));
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(reader);
    if (code != MDB_NOTFOUND) check(code);
  }

  std::filesystem::path compact(const std::filesystem::path& target) override {
    std::filesystem::create_directories(target);
    check(mdb_env_copy2(environment_, target.c_str(), MDB_CP_COMPACT));
    return target;
  }

 private:
  MDB_env* environment_ = nullptr;
  MDB_dbi table_ = 0;
  std::atomic<std::uint64_t> writes_ = 0;
};

std::string version() {
  return std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) + "." +
         std::to_string(MDB_VERSION_PATCH);
}

}  // namespace

std::vector<StoreKind> lmdb_kinds() {
  return {
      {.name = "lmdb",
       .version = version(),
       .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
         return std::make_unique<LightningStore>(settings, MDB_NOMEMINIT);
       },
       .is_ordered = true,
       .is_slow = true},
      {.name = "lmdb-writemap",
       .version = version(),
       .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
         return std::make_unique<LightningStore>(settings, MDB_WRITEMAP);
       },
       .is_ordered = true},
  };
}

}  // namespace datawal::bench
