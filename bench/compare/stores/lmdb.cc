// LMDB, one transaction a put. MDB_NOSYNC leaves writing back to the system: a commit is in the
// page cache and outlives the process. MDB_WRITEMAP, its documentation says, is faster and uses
// fewer mallocs, and it keeps that promise too. A durable put is its default: the data and then the
// meta page are synced. One read transaction is renewed for each get, as its documentation advises,
// so that each sees the newest commit. LMDB keeps no checksums.
#include <lmdb.h>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "lmdb";
constexpr std::size_t kMapSize = 16ULL << 30;
constexpr mdb_mode_t kFileMode = 0644;

void check(int code) {
  if (code != MDB_SUCCESS) fail(kName, mdb_strerror(code));
}

// LMDB takes writable pointers and only reads through them.
MDB_val value_of(ByteView bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<std::byte*>(bytes.data())};
}

ByteView view(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

unsigned int flags_for(const StoreSettings& settings) {
  return settings.durable ? 0U : (MDB_NOSYNC | MDB_WRITEMAP | MDB_NOMEMINIT);
}

class LightningStore final : public Store {
 public:
  explicit LightningStore(const StoreSettings& settings) {
    std::filesystem::create_directories(settings.directory);
    check(mdb_env_create(&environment_));
    check(mdb_env_set_mapsize(environment_, kMapSize));
    check(mdb_env_open(environment_, settings.directory.c_str(), flags_for(settings), kFileMode));
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    check(mdb_dbi_open(transaction, nullptr, 0, &table_));
    check(mdb_txn_commit(transaction));
    check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reader_));
    mdb_txn_reset(reader_);
  }

  ~LightningStore() override {
    mdb_txn_abort(reader_);
    mdb_env_close(environment_);
  }

  void put(ByteView key, ByteView value) override {
    release_reader();
    MDB_val lmdb_key = value_of(key);
    MDB_val lmdb_value = value_of(value);
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    check(mdb_put(transaction, table_, &lmdb_key, &lmdb_value, 0));
    check(mdb_txn_commit(transaction));
  }

  std::optional<ByteView> get(ByteView key) override {
    renew_reader();
    MDB_val lmdb_key = value_of(key);
    MDB_val lmdb_value{};
    const int code = mdb_get(reader_, table_, &lmdb_key, &lmdb_value);
    if (code == MDB_NOTFOUND) return std::nullopt;
    check(code);
    return view(lmdb_value);
  }

  void scan(const Visitor& visit) override {
    renew_reader();
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(reader_, table_, &cursor));
    MDB_val key{};
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
      visit(view(key), view(value));
    }
    mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND) check(code);
  }

  std::filesystem::path compact(const std::filesystem::path& target) override {
    release_reader();
    std::filesystem::create_directories(target);
    check(mdb_env_copy2(environment_, target.c_str(), MDB_CP_COMPACT));
    return target;
  }

 private:
  void release_reader() {
    if (reading_) mdb_txn_reset(reader_);
    reading_ = false;
  }

  void renew_reader() {
    release_reader();
    check(mdb_txn_renew(reader_));
    reading_ = true;
  }

  MDB_env* environment_ = nullptr;
  MDB_txn* reader_ = nullptr;
  MDB_dbi table_ = 0;
  bool reading_ = false;
};

}  // namespace

StoreKind lmdb_kind() {
  return {
      .name = kName,
      .version = std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) + "." +
                 std::to_string(MDB_VERSION_PATCH),
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<LightningStore>(settings);
      },
  };
}

}  // namespace datawal::bench
