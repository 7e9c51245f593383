// Berkeley DB's transactional store with a B-tree. DB_TXN_WRITE_NOSYNC writes the log to the
// operating system at every commit, which is what outlives the process, and does not sync it; a
// durable put is its default commit. Its regions are private to the process, the fastest place for
// them; every open runs recovery, as its documentation demands of one that cannot know how the last
// process ended, and every close takes a checkpoint. No page checksums, as by default.
#include <db.h>

#include <algorithm>
#include <array>
#include <string>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "berkeleydb";
constexpr int kMode = 0644;
constexpr std::uint32_t kLogBufferSize = 8U << 20;
constexpr std::uint32_t kLogFileSize = 256U << 20;
constexpr std::uint32_t kLocksMax = 100'000;

void check(int code) {
  if (code != 0) fail(kName, db_strerror(code));
}

DBT item_of(ByteView bytes) {
  DBT item{};
  item.data = const_cast<std::byte*>(bytes.data());
  item.size = static_cast<u_int32_t>(bytes.size());
  return item;
}

ByteView view_of(const DBT& item) {
  return {static_cast<const std::byte*>(item.data), item.size};
}

class BerkeleySession final : public Session {
 public:
  BerkeleySession(DB_ENV* environment, DB* db, std::size_t value_size)
      : environment_(environment), db_(db), value_(value_size) {}

  void put(ByteView key, ByteView value) override {
    DBT db_key = item_of(key);
    DBT db_value = item_of(value);
    check(db_->put(db_, nullptr, &db_key, &db_value, DB_AUTO_COMMIT));
  }

  void put_batch(std::span<const Entry> entries) override {
    DB_TXN* transaction = nullptr;
    check(environment_->txn_begin(environment_, nullptr, &transaction, 0));
    for (const Entry& entry : entries) {
      DBT key = item_of(entry.key);
      DBT value = item_of(entry.value);
      check(db_->put(db_, transaction, &key, &value, 0));
    }
    check(transaction->commit(transaction, 0));
  }

  std::optional<ByteView> get(ByteView key) override {
    DBT db_key = item_of(key);
    DBT value{};
    value.data = value_.data();
    value.ulen = static_cast<u_int32_t>(value_.size());
    value.flags = DB_DBT_USERMEM;
    const int code = db_->get(db_, nullptr, &db_key, &value, 0);
    if (code == DB_NOTFOUND) return std::nullopt;
    check(code);
    return view_of(value);
  }

  bool remove(ByteView key) override {
    DBT db_key = item_of(key);
    const int code = db_->del(db_, nullptr, &db_key, DB_AUTO_COMMIT);
    if (code == DB_NOTFOUND) return false;
    check(code);
    return true;
  }

 private:
  DB_ENV* environment_;
  DB* db_;
  std::vector<std::byte> value_;
};

class BerkeleyStore final : public Store {
 public:
  explicit BerkeleyStore(const StoreSettings& settings)
      : directory_(settings.directory), value_size_(settings.value_size) {
    std::filesystem::create_directories(directory_);
    open_environment(settings);
    check(db_create(&db_, environment_, 0));
    check(db_->open(db_, nullptr, "store.db", nullptr, DB_BTREE,
                    DB_CREATE | DB_AUTO_COMMIT | DB_THREAD, kMode));
  }

  ~BerkeleyStore() override {
    // A failure shows when it is opened again.
    (void)db_->close(db_, DB_NOSYNC);
    (void)environment_->txn_checkpoint(environment_, 0, 0, 0);
    (void)environment_->close(environment_, 0);
  }

  std::unique_ptr<Session> session() override {
    return std::make_unique<BerkeleySession>(environment_, db_, value_size_);
  }

  // A buffer of many entries at a time, as its documentation advises for long scans.
  void scan(const Visitor& visit) override {
    std::vector<std::byte> buffer(std::max<std::size_t>(1U << 20, 16 * value_size_));
    DBC* cursor = nullptr;
    check(db_->cursor(db_, nullptr, &cursor, DB_READ_COMMITTED));
    DBT key{};
    DBT entries{};
    entries.data = buffer.data();
    entries.ulen = static_cast<u_int32_t>(buffer.size());
    entries.flags = DB_DBT_USERMEM;
    int code = 0;
    while ((code = cursor->get(cursor, &key, &entries, DB_NEXT | DB_MULTIPLE_KEY)) == 0) {
      visit_all(entries, visit);
    }
    check(cursor->close(cursor));
    if (code != DB_NOTFOUND) check(code);
  }

  std::filesystem::path compact(const std::filesystem::path& /*target*/) override {
    check(db_->compact(db_, nullptr, nullptr, nullptr, nullptr, DB_FREE_SPACE, nullptr));
    check(environment_->txn_checkpoint(environment_, 0, 0, 0));
    return directory_;
  }

 private:
  void open_environment(const StoreSettings& settings) {
    check(db_env_create(&environment_, 0));
    check(environment_->set_cachesize(environment_, 0, static_cast<u_int32_t>(settings.cache_size),
                                      1));
    check(environment_->set_lg_bsize(environment_, kLogBufferSize));
    check(environment_->set_lg_max(environment_, kLogFileSize));
    check(environment_->set_lk_max_locks(environment_, kLocksMax));
    check(environment_->set_lk_max_objects(environment_, kLocksMax));
    check(environment_->set_lk_detect(environment_, DB_LOCK_DEFAULT));
    check(environment_->log_set_config(environment_, DB_LOG_AUTO_REMOVE, 1));
    if (!settings.durable) check(environment_->set_flags(environment_, DB_TXN_WRITE_NOSYNC, 1));
    constexpr u_int32_t kFlags = DB_CREATE | DB_RECOVER | DB_PRIVATE | DB_THREAD | DB_INIT_LOCK |
                                 DB_INIT_LOG | DB_INIT_MPOOL | DB_INIT_TXN;
    check(environment_->open(environment_, directory_.c_str(), kFlags, kMode));
  }

  static void visit_all(DBT& entries, const Visitor& visit) {
    void* position = nullptr;
    DB_MULTIPLE_INIT(position, &entries);
    for (;;) {
      void* key = nullptr;
      void* value = nullptr;
      std::size_t key_size = 0;
      std::size_t value_size = 0;
      DB_MULTIPLE_KEY_NEXT(position, &entries, key, key_size, value, value_size);
      if (position == nullptr) return;
      visit({static_cast<const std::byte*>(key), key_size},
            {static_cast<const std::byte*>(value), value_size});
    }
  }

  std::filesystem::path directory_;
  std::size_t value_size_;
  DB_ENV* environment_ = nullptr;
  DB* db_ = nullptr;
};

std::string version() {
  return std::to_string(DB_VERSION_MAJOR) + "." + std::to_string(DB_VERSION_MINOR) + "." +
         std::to_string(DB_VERSION_PATCH);
}

}  // namespace

StoreKind berkeleydb_kind() {
  return {
      .name = kName,
      .version = version(),
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<BerkeleyStore>(settings);
      },
      .is_ordered = true,
      .is_slow = true,
  };
}

}  // namespace datawal::bench
