// SQLite in WAL mode, one autocommit a put, one transaction a batch, prepared statements.
// synchronous = OFF leaves writing back to the system, so that a commit outlives the process; a
// durable put is synchronous = FULL, which syncs the WAL at each commit. As its documentation
// advises: WITHOUT ROWID for rows below a twentieth of a page, larger pages for large values, reads
// through a mapping unless there is more data than memory, no memory statistics, no mutexes. One
// thread has exclusive locking (no shared memory); several have a connection each for reading, and
// take turns on one for writing. SQLite keeps no checksums of its rows.
#include <sqlite3.h>

#include <mutex>
#include <string>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "sqlite";
constexpr std::size_t kWithoutRowidSizeMax = 200;
constexpr std::size_t kLargeValueSize = 16384;
constexpr const char* kFileName = "store.sqlite";

// One connection and its statements.
class Connection {
 public:
  explicit Connection(const StoreSettings& settings) {
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    check(sqlite3_open_v2((settings.directory / kFileName).c_str(), &db_, kFlags, nullptr));
    configure(settings);
    create_table(settings);
    put_ = prepare("INSERT INTO kv VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2");
    get_ = prepare("SELECT value FROM kv WHERE key = ?1");
    remove_ = prepare("DELETE FROM kv WHERE key = ?1");
    scan_ = prepare("SELECT key, value FROM kv ORDER BY key");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ~Connection() {
    for (sqlite3_stmt* statement : {put_, get_, remove_, scan_, begin_, commit_}) {
      sqlite3_finalize(statement);
    }
    sqlite3_close(db_);
  }

  void put(ByteView key, ByteView value) {
    release();
    bind(put_, 1, key);
    bind(put_, 2, value);
    run(put_);
  }

  void put_batch(std::span<const Entry> entries) {
    release();
    run(begin_);
    for (const Entry& entry : entries) put(entry.key, entry.value);
    run(commit_);
  }

  // The statement stays at its row, which the value points into, until the next call.
  std::optional<ByteView> get(ByteView key) {
    release();
    bind(get_, 1, key);
    const int code = sqlite3_step(get_);
    if (code == SQLITE_DONE) return std::nullopt;
    expect(code, SQLITE_ROW);
    return column(get_, 0);
  }

  bool remove(ByteView key) {
    release();
    bind(remove_, 1, key);
    run(remove_);
    return sqlite3_changes(db_) != 0;
  }

  void scan(const Visitor& visit) {
    int code = sqlite3_step(scan_);
    for (; code == SQLITE_ROW; code = sqlite3_step(scan_)) {
      visit(column(scan_, 0), column(scan_, 1));
    }
    expect(code, SQLITE_DONE);
    check(sqlite3_reset(scan_));
  }

  void copy_to(const std::string& file) {
    release();
    sqlite3_stmt* vacuum = prepare("VACUUM INTO ?1");
    check(sqlite3_bind_text(vacuum, 1, file.c_str(), -1, SQLITE_STATIC));
    expect(sqlite3_step(vacuum), SQLITE_DONE);
    sqlite3_finalize(vacuum);
  }

  void release() { sqlite3_reset(get_); }

 private:
  void check(int code) { expect(code, SQLITE_OK); }

  void expect(int code, int expected) {
    if (code != expected) fail(kName, db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
  }

  void run(sqlite3_stmt* statement) {
    expect(sqlite3_step(statement), SQLITE_DONE);
    check(sqlite3_reset(statement));
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
    if (settings.thread_count == 1) execute("PRAGMA locking_mode = EXCLUSIVE");
    execute("PRAGMA journal_mode = WAL");
    execute(settings.durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
    execute("PRAGMA cache_size = -" + std::to_string(settings.cache_size >> 10));
    if (!settings.exceeds_memory) execute("PRAGMA mmap_size = " + std::to_string(4ULL << 30));
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
  sqlite3_stmt* remove_ = nullptr;
  sqlite3_stmt* scan_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
};

// Alone, on the store's own connection.
class SoleSession final : public Session {
 public:
  explicit SoleSession(Connection& connection) : connection_(connection) {}
  ~SoleSession() override { connection_.release(); }

  void put(ByteView key, ByteView value) override { connection_.put(key, value); }
  void put_batch(std::span<const Entry> entries) override { connection_.put_batch(entries); }
  std::optional<ByteView> get(ByteView key) override { return connection_.get(key); }
  bool remove(ByteView key) override { return connection_.remove(key); }

 private:
  Connection& connection_;
};

// One of several: reads on its own connection, writes on the shared one.
class SharedSession final : public Session {
 public:
  SharedSession(const StoreSettings& settings, Connection& writer, std::mutex& writing)
      : reader_(settings), writer_(writer), writing_(writing) {}

  void put(ByteView key, ByteView value) override {
    reader_.release();
    const std::lock_guard lock(writing_);
    writer_.put(key, value);
  }
  void put_batch(std::span<const Entry> entries) override {
    reader_.release();
    const std::lock_guard lock(writing_);
    writer_.put_batch(entries);
  }
  std::optional<ByteView> get(ByteView key) override { return reader_.get(key); }
  bool remove(ByteView key) override {
    reader_.release();
    const std::lock_guard lock(writing_);
    return writer_.remove(key);
  }

 private:
  Connection reader_;
  Connection& writer_;
  std::mutex& writing_;
};

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(const StoreSettings& settings)
      : settings_(settings), connection_(made(settings)) {}

  std::unique_ptr<Session> session() override {
    if (settings_.thread_count == 1) return std::make_unique<SoleSession>(connection_);
    return std::make_unique<SharedSession>(settings_, connection_, writing_);
  }

  void scan(const Visitor& visit) override { connection_.scan(visit); }

  std::filesystem::path compact(const std::filesystem::path& target) override {
    std::filesystem::create_directories(target);
    connection_.copy_to(target / kFileName);
    return target;
  }

 private:
  static const StoreSettings& made(const StoreSettings& settings) {
    std::filesystem::create_directories(settings.directory);
    return settings;
  }

  StoreSettings settings_;
  std::mutex writing_;
  Connection connection_;
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
      .is_ordered = true,
      .is_slow = true,
  };
}

}  // namespace datawal::bench
