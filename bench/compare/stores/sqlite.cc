// SQLite in WAL mode, one autocommit a put, prepared statements. synchronous = OFF leaves writing
// back to the system, so that a commit outlives the process; a durable put is synchronous = FULL,
// which syncs the WAL at each commit. As its documentation advises: exclusive locking (no shared
// memory), WITHOUT ROWID for rows below a twentieth of a page, larger pages for large values, reads
// through a mapping, no memory statistics, no mutexes. SQLite keeps no checksums of its rows.
#include <sqlite3.h>

#include <string>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "sqlite";
constexpr std::size_t kWithoutRowidSizeMax = 200;
constexpr std::size_t kLargeValueSize = 16384;
constexpr const char* kFileName = "store.sqlite";

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(const StoreSettings& settings) {
    std::filesystem::create_directories(settings.directory);
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    check(sqlite3_open_v2((settings.directory / kFileName).c_str(), &db_, kFlags, nullptr));
    configure(settings);
    create_table(settings);
    put_ = prepare("INSERT INTO kv VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2");
    get_ = prepare("SELECT value FROM kv WHERE key = ?1");
    scan_ = prepare("SELECT key, value FROM kv");
  }

  ~SqliteStore() override {
    sqlite3_finalize(put_);
    sqlite3_finalize(get_);
    sqlite3_finalize(scan_);
    sqlite3_close(db_);
  }

  void put(ByteView key, ByteView value) override {
    sqlite3_reset(get_);
    bind(put_, 1, key);
    bind(put_, 2, value);
    expect(sqlite3_step(put_), SQLITE_DONE);
    check(sqlite3_reset(put_));
  }

  // The statement stays at its row, which the value points into, until the next call.
  std::optional<ByteView> get(ByteView key) override {
    sqlite3_reset(get_);
    bind(get_, 1, key);
    const int code = sqlite3_step(get_);
    if (code == SQLITE_DONE) return std::nullopt;
    expect(code, SQLITE_ROW);
    return column(get_, 0);
  }

  void scan(const Visitor& visit) override {
    int code = sqlite3_step(scan_);
    for (; code == SQLITE_ROW; code = sqlite3_step(scan_)) {
      visit(column(scan_, 0), column(scan_, 1));
    }
    expect(code, SQLITE_DONE);
    check(sqlite3_reset(scan_));
  }

  std::filesystem::path compact(const std::filesystem::path& target) override {
    sqlite3_reset(get_);
    std::filesystem::create_directories(target);
    sqlite3_stmt* vacuum = prepare("VACUUM INTO ?1");
    const std::string file = target / kFileName;
    check(sqlite3_bind_text(vacuum, 1, file.c_str(), -1, SQLITE_STATIC));
    expect(sqlite3_step(vacuum), SQLITE_DONE);
    sqlite3_finalize(vacuum);
    return target;
  }

 private:
  void check(int code) { expect(code, SQLITE_OK); }

  void expect(int code, int expected) {
    if (code != expected) fail(kName, db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
  }

  void execute(const std::string& statement) {
    check(sqlite3_exec(db_, statement.c_str(), nullptr, nullptr, nullptr));
  }

  sqlite3_stmt* prepare(const char* text) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(db_, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }

  void bind(sqlite3_stmt* statement, int index, ByteView bytes) {
    check(sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC));
  }

  static ByteView column(sqlite3_stmt* statement, int index) {
    const void* data = sqlite3_column_blob(statement, index);
    const int size = sqlite3_column_bytes(statement, index);
    return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
  }

  // The page size must be set before the file exists, the locking mode before the WAL is first
  // used.
  void configure(const StoreSettings& settings) {
    if (settings.value_size >= kLargeValueSize) execute("PRAGMA page_size = 16384");
    execute("PRAGMA locking_mode = EXCLUSIVE");
    execute("PRAGMA journal_mode = WAL");
    execute(settings.durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
    execute("PRAGMA cache_size = -" + std::to_string(kCacheSize >> 10));
    execute("PRAGMA mmap_size = " + std::to_string(4ULL << 30));
    execute("PRAGMA wal_autocheckpoint = 10000");
  }

  void create_table(const StoreSettings& settings) {
    std::string statement =
        "CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)";
    if (settings.value_size <= kWithoutRowidSizeMax) statement += " WITHOUT ROWID";
    execute(statement);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
  sqlite3_stmt* scan_ = nullptr;
};

}  // namespace

StoreKind sqlite_kind() {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  return {
      .name = kName,
      .version = sqlite3_libversion(),
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<SqliteStore>(settings);
      },
  };
}

}  // namespace datawal::bench
