// The Rust crates datawal, redb, fjall, canopydb and simd-r-drive, through the C ABI of
// bench/crate, where it stands how each is set up.
#include "compare/store.h"

namespace datawal::bench {
namespace {

// The declarations of bench/crate/src/lib.rs.
extern "C" {
struct PeerSlice {
  const std::byte* data;
  std::size_t size;
};
struct PeerEntry {
  PeerSlice key;
  PeerSlice value;
};
struct PeerSettings {
  PeerSlice directory;
  std::size_t value_size;
  std::size_t cache_size;
  std::size_t write_buffer_size;
  bool durable;
};
struct PeerHandle;
struct PeerSession;
struct CrateLog;
using PeerVisitor = void (*)(void* context, PeerSlice key, PeerSlice value);

const char* peer_last_error();
PeerHandle* peer_open(PeerSlice name, const PeerSettings* settings);
void peer_close(PeerHandle* peer);
PeerSession* peer_session(PeerHandle* peer);
void peer_session_close(PeerSession* session);
bool peer_put(PeerSession* session, PeerSlice key, PeerSlice value);
bool peer_put_batch(PeerSession* session, const PeerEntry* entries, std::size_t count);
int peer_get(PeerSession* session, PeerSlice key, PeerSlice* value);
int peer_remove(PeerSession* session, PeerSlice key);
bool peer_scan(PeerHandle* peer, PeerVisitor visit, void* context);
int peer_compact(PeerHandle* peer, PeerSlice target);
bool peer_export_jsonl(PeerHandle* peer, PeerSlice file);
CrateLog* crate_log_open(PeerSlice directory);
void crate_log_close(CrateLog* log);
bool crate_log_append(CrateLog* log, PeerSlice payload);
bool crate_log_scan(CrateLog* log, PeerVisitor visit, void* context);
}

PeerSlice slice(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
PeerSlice slice(const std::filesystem::path& path) {
  return slice(as_bytes(path.native()));
}
ByteView view_of(PeerSlice slice) {
  return {slice.data, slice.size};
}

void check(bool succeeded) {
  if (!succeeded) fail("Rust crate", peer_last_error());
}

template <typename T>
T* checked(T* handle) {
  check(handle != nullptr);
  return handle;
}

void visit_entry(void* context, PeerSlice key, PeerSlice value) {
  (*static_cast<const Visitor*>(context))(view_of(key), view_of(value));
}

void* as_context(const Visitor& visit) {
  return const_cast<Visitor*>(&visit);
}

class RustSession final : public Session {
 public:
  explicit RustSession(PeerHandle* peer) : session_(peer_session(peer)) {}
  ~RustSession() override { peer_session_close(session_); }

  void put(ByteView key, ByteView value) override {
    check(peer_put(session_, slice(key), slice(value)));
  }

  void put_batch(std::span<const Entry> entries) override {
    batch_.clear();
    for (const Entry& entry : entries) batch_.push_back({slice(entry.key), slice(entry.value)});
    check(peer_put_batch(session_, batch_.data(), batch_.size()));
  }

  std::optional<ByteView> get(ByteView key) override {
    PeerSlice value{};
    const int found = peer_get(session_, slice(key), &value);
    check(found >= 0);
    if (found == 0) return std::nullopt;
    return view_of(value);
  }

  bool remove(ByteView key) override {
    const int existed = peer_remove(session_, slice(key));
    check(existed >= 0);
    return existed == 1;
  }

 private:
  PeerSession* session_;
  std::vector<PeerEntry> batch_;
};

class RustStore final : public Store {
 public:
  RustStore(std::string_view name, const StoreSettings& settings)
      : directory_(settings.directory), store_(open(name, settings)) {}
  ~RustStore() override { peer_close(store_); }

  std::unique_ptr<Session> session() override { return std::make_unique<RustSession>(store_); }

  void scan(const Visitor& visit) override {
    check(peer_scan(store_, visit_entry, as_context(visit)));
  }

  std::filesystem::path compact(const std::filesystem::path& target) override {
    const int into_target = peer_compact(store_, slice(target));
    check(into_target >= 0);
    return into_target == 1 ? target : directory_;
  }

  void export_jsonl(const std::filesystem::path& file) override {
    check(peer_export_jsonl(store_, slice(file)));
  }

 private:
  static PeerHandle* open(std::string_view name, const StoreSettings& settings) {
    const PeerSettings given = {slice(settings.directory), settings.value_size, settings.cache_size,
                                settings.write_buffer_size, settings.durable};
    return checked(peer_open(slice(as_bytes(name)), &given));
  }

  std::filesystem::path directory_;
  PeerHandle* store_;
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

constexpr std::string_view kDatawal = "crate";
constexpr std::string_view kRedb = "redb";
constexpr std::string_view kFjall = "fjall";
constexpr std::string_view kCanopydb = "canopydb";
constexpr std::string_view kSimdRDrive = "simd-r-drive";

template <const std::string_view& Name>
std::unique_ptr<Store> open_crate(const StoreSettings& settings) {
  return std::make_unique<RustStore>(Name, settings);
}

}  // namespace

std::vector<StoreKind> crate_kinds() {
  return {
      {.name = kDatawal,
       .version = DATAWAL_BENCH_VERSION_OF_DATAWAL,
       .open = open_crate<kDatawal>,
       .open_log = [](const std::filesystem::path& directory) -> std::unique_ptr<Log> {
         return std::make_unique<RustLog>(directory);
       },
       .exports = true,
       .reads_while_compacting = false},
      {.name = kSimdRDrive,
       .version = DATAWAL_BENCH_VERSION_OF_SIMD_R_DRIVE,
       .open = open_crate<kSimdRDrive>,
       .has_keys = false,
       .can_sync = false,
       .reads_while_compacting = false,
       .is_slow = true},
      {.name = kRedb,
       .version = DATAWAL_BENCH_VERSION_OF_REDB,
       .open = open_crate<kRedb>,
       .is_ordered = true,
       .reads_while_compacting = false,
       .is_slow = true},
      {.name = kFjall,
       .version = DATAWAL_BENCH_VERSION_OF_FJALL,
       .open = open_crate<kFjall>,
       .is_ordered = true,
       .reads_while_compacting = false,
       .is_slow = true},
      {.name = kCanopydb,
       .version = DATAWAL_BENCH_VERSION_OF_CANOPYDB,
       .open = open_crate<kCanopydb>,
       .is_ordered = true,
       .reads_while_compacting = false,
       .is_slow = true},
  };
}

}  // namespace datawal::bench
