// The Rust crate datawal, through the C ABI of bench/crate. A durable put adds its fsync(), which
// syncs the file and the directory.
#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "crate";

// The declarations of bench/crate/src/lib.rs.
extern "C" {
struct CrateSlice {
  const std::byte* data;
  std::size_t size;
};
struct CrateStore;
struct CrateLog;
using CrateVisitor = void (*)(void* context, CrateSlice key, CrateSlice value);

const char* crate_last_error();
CrateStore* crate_store_open(CrateSlice directory);
void crate_store_close(CrateStore* store);
bool crate_store_put(CrateStore* store, CrateSlice key, CrateSlice value);
bool crate_store_sync(CrateStore* store);
int crate_store_get(CrateStore* store, CrateSlice key, CrateSlice* value);
bool crate_store_scan(CrateStore* store, CrateVisitor visit, void* context);
bool crate_store_compact_to(CrateStore* store, CrateSlice target);
bool crate_store_export_jsonl(CrateStore* store, CrateSlice file);
CrateLog* crate_log_open(CrateSlice directory);
void crate_log_close(CrateLog* log);
bool crate_log_append(CrateLog* log, CrateSlice payload);
bool crate_log_scan(CrateLog* log, CrateVisitor visit, void* context);
}

CrateSlice slice(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
CrateSlice slice(const std::filesystem::path& path) {
  return slice(as_bytes(path.native()));
}
ByteView view(CrateSlice slice) {
  return {slice.data, slice.size};
}

void check(bool succeeded) {
  if (!succeeded) fail(kName, crate_last_error());
}

template <typename T>
T* checked(T* handle) {
  check(handle != nullptr);
  return handle;
}

void visit_entry(void* context, CrateSlice key, CrateSlice value) {
  (*static_cast<const Visitor*>(context))(view(key), view(value));
}

void* as_context(const Visitor& visit) {
  return const_cast<Visitor*>(&visit);
}

class RustStore final : public Store {
 public:
  explicit RustStore(const StoreSettings& settings)
      : store_(checked(crate_store_open(slice(settings.directory)))), durable_(settings.durable) {}
  ~RustStore() override { crate_store_close(store_); }

  void put(ByteView key, ByteView value) override {
    check(crate_store_put(store_, slice(key), slice(value)));
    if (durable_) check(crate_store_sync(store_));
  }

  std::optional<ByteView> get(ByteView key) override {
    CrateSlice value{};
    const int found = crate_store_get(store_, slice(key), &value);
    check(found >= 0);
    if (found == 0) return std::nullopt;
    return view(value);
  }

  void scan(const Visitor& visit) override {
    check(crate_store_scan(store_, visit_entry, as_context(visit)));
  }

  std::filesystem::path compact(const std::filesystem::path& target) override {
    check(crate_store_compact_to(store_, slice(target)));
    return target;
  }

  void export_jsonl(const std::filesystem::path& file) override {
    check(crate_store_export_jsonl(store_, slice(file)));
  }

 private:
  CrateStore* store_;
  bool durable_;
};

class RustLog final : public Log {
 public:
  explicit RustLog(const std::filesystem::path& directory)
      : log_(checked(crate_log_open(slice(directory)))) {}
  ~RustLog() override { crate_log_close(log_); }

  void append(ByteView payload) override { check(crate_log_append(log_, slice(payload))); }
  void scan(const Visitor& visit) override {
    check(crate_log_scan(log_, visit_entry, as_context(visit)));
  }

 private:
  CrateLog* log_;
};

}  // namespace

StoreKind crate_kind() {
  return {
      .name = kName,
      .version = DATAWAL_BENCH_CRATE_VERSION,
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<RustStore>(settings);
      },
      .open_log = [](const std::filesystem::path& directory) -> std::unique_ptr<Log> {
        return std::make_unique<RustLog>(directory);
      },
      .exports = true,
  };
}

}  // namespace datawal::bench
