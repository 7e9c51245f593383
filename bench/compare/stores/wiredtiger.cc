// WiredTiger, a B-tree of raw keys and values with its log on. transaction_sync with the method
// "none" hands the log to the operating system at every commit, which is what outlives the process;
// the method "fsync" makes it durable. A cursor a session; its own cache and, as by default,
// checksums of pages, verified when they are read from the file.
#include <wiredtiger.h>

#include <string>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "wiredtiger";
constexpr const char* kTable = "table:kv";

void check(int code) {
  if (code != 0) fail(kName, wiredtiger_strerror(code));
}

WT_ITEM item_of(ByteView bytes) {
  WT_ITEM item{};
  item.data = bytes.data();
  item.size = bytes.size();
  return item;
}

ByteView view_of(const WT_ITEM& item) {
  return {static_cast<const std::byte*>(item.data), item.size};
}

class TigerSession final : public Session {
 public:
  explicit TigerSession(WT_CONNECTION* connection) {
    check(connection->open_session(connection, nullptr, nullptr, &session_));
    check(session_->open_cursor(session_, kTable, nullptr, "overwrite=true", &writer_));
    check(session_->open_cursor(session_, kTable, nullptr, "overwrite=false", &reader_));
  }
  ~TigerSession() override { session_->close(session_, nullptr); }

  void put(ByteView key, ByteView value) override {
    check(reader_->reset(reader_));
    const WT_ITEM wt_key = item_of(key);
    const WT_ITEM wt_value = item_of(value);
    writer_->set_key(writer_, &wt_key);
    writer_->set_value(writer_, &wt_value);
    check(writer_->insert(writer_));
  }

  void put_batch(std::span<const Entry> entries) override {
    check(session_->begin_transaction(session_, nullptr));
    for (const Entry& entry : entries) put(entry.key, entry.value);
    check(session_->commit_transaction(session_, nullptr));
  }

  // The cursor stays at the entry, which the value points into, until the next call.
  std::optional<ByteView> get(ByteView key) override {
    const WT_ITEM wt_key = item_of(key);
    reader_->set_key(reader_, &wt_key);
    const int code = reader_->search(reader_);
    if (code == WT_NOTFOUND) return std::nullopt;
    check(code);
    WT_ITEM value{};
    check(reader_->get_value(reader_, &value));
    return view_of(value);
  }

  bool remove(ByteView key) override {
    const WT_ITEM wt_key = item_of(key);
    reader_->set_key(reader_, &wt_key);
    const int code = reader_->remove(reader_);
    if (code == WT_NOTFOUND) return false;
    check(code);
    return true;
  }

  void scan(const Visitor& visit) {
    check(reader_->reset(reader_));
    int code = reader_->next(reader_);
    for (; code == 0; code = reader_->next(reader_)) {
      WT_ITEM key{};
      WT_ITEM value{};
      check(reader_->get_key(reader_, &key));
      check(reader_->get_value(reader_, &value));
      visit(view_of(key), view_of(value));
    }
    if (code != WT_NOTFOUND) check(code);
  }

 private:
  WT_SESSION* session_ = nullptr;
  WT_CURSOR* writer_ = nullptr;
  WT_CURSOR* reader_ = nullptr;
};

class TigerStore final : public Store {
 public:
  explicit TigerStore(const StoreSettings& settings) : directory_(settings.directory) {
    std::filesystem::create_directories(directory_);
    const std::string config =
        "create,session_max=300,cache_size=" + std::to_string(settings.cache_size) +
        ",log=(enabled=true,file_max=256MB),checkpoint=(log_size=256MB),transaction_sync=(enabled="
        "true,method=" +
        (settings.durable ? "fsync" : "none") + ")";
    check(wiredtiger_open(directory_.c_str(), nullptr, config.c_str(), &connection_));
    WT_SESSION* session = nullptr;
    check(connection_->open_session(connection_, nullptr, nullptr, &session));
    check(session->create(session, kTable, "key_format=u,value_format=u"));
    check(session->close(session, nullptr));
  }

  ~TigerStore() override { connection_->close(connection_, nullptr); }

  std::unique_ptr<Session> session() override {
    return std::make_unique<TigerSession>(connection_);
  }

  void scan(const Visitor& visit) override { TigerSession(connection_).scan(visit); }

  std::filesystem::path compact(const std::filesystem::path& /*target*/) override {
    WT_SESSION* session = nullptr;
    check(connection_->open_session(connection_, nullptr, nullptr, &session));
    check(session->checkpoint(session, nullptr));
    check(session->compact(session, kTable, nullptr));
    check(session->checkpoint(session, nullptr));
    check(session->close(session, nullptr));
    return directory_;
  }

 private:
  std::filesystem::path directory_;
  WT_CONNECTION* connection_ = nullptr;
};

std::string version() {
  return std::to_string(WIREDTIGER_VERSION_MAJOR) + "." + std::to_string(WIREDTIGER_VERSION_MINOR) +
         "." + std::to_string(WIREDTIGER_VERSION_PATCH);
}

}  // namespace

StoreKind wiredtiger_kind() {
  return {
      .name = kName,
      .version = version(),
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<TigerStore>(settings);
      },
      .is_ordered = true,
      .is_slow = true,
  };
}

}  // namespace datawal::bench
