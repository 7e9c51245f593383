// tkrzw's HashDBM on its MemoryMapParallelFile, the default: a put stores into a mapping, which
// outlives the process. As its documentation advises, more buckets than there will be records.
// Records carry no CRC, the default and fastest. Updates happen in place. A durable put is followed
// by Synchronize(hard). A batch is single puts: there are none for hash databases that would be
// faster. Rebuild() compacts. What a killed process leaves it restores by reading all records.
#include <tkrzw_dbm_hash.h>
#include <tkrzw_file_mmap.h>

#include <algorithm>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "tkrzw";
constexpr const char* kFileName = "store.tkh";
constexpr std::uint64_t kBucketsMin = 1 << 20;

void check(const tkrzw::Status& status) {
  if (!status.IsOK()) fail(kName, tkrzw::ToString(status));
}

class HashSession final : public Session {
 public:
  HashSession(tkrzw::HashDBM& db, bool durable) : db_(db), durable_(durable) {}

  void put(ByteView key, ByteView value) override {
    check(db_.Set(as_text(key), as_text(value)));
    sync();
  }

  void put_batch(std::span<const Entry> entries) override {
    for (const Entry& entry : entries) check(db_.Set(as_text(entry.key), as_text(entry.value)));
    sync();
  }

  std::optional<ByteView> get(ByteView key) override {
    const tkrzw::Status status = db_.Get(as_text(key), &value_);
    if (status == tkrzw::Status::NOT_FOUND_ERROR) return std::nullopt;
    check(status);
    return as_bytes(value_);
  }

  bool remove(ByteView key) override {
    const tkrzw::Status status = db_.Remove(as_text(key));
    if (status == tkrzw::Status::NOT_FOUND_ERROR) return false;
    check(status);
    sync();
    return true;
  }

 private:
  void sync() {
    if (durable_) check(db_.Synchronize(true));
  }

  tkrzw::HashDBM& db_;
  std::string value_;
  bool durable_;
};

// Takes no action on a record but showing it.
class Show final : public tkrzw::DBM::RecordProcessor {
 public:
  explicit Show(const Visitor& visit) : visit_(visit) {}
  std::string_view ProcessFull(std::string_view key, std::string_view value) override {
    visit_(as_bytes(key), as_bytes(value));
    return NOOP;
  }

 private:
  const Visitor& visit_;
};

class HashStore final : public Store {
 public:
  explicit HashStore(const StoreSettings& settings)
      : directory_(settings.directory), durable_(settings.durable) {
    std::filesystem::create_directories(directory_);
    tkrzw::HashDBM::TuningParameters tuning;
    tuning.num_buckets =
        static_cast<std::int64_t>(std::max(kBucketsMin, settings.key_count_max * 5 / 4));
    check(db_.OpenAdvanced(directory_ / kFileName, true, tkrzw::File::OPEN_DEFAULT, tuning));
  }

  ~HashStore() override { (void)db_.Close(); }  // a failure shows when it is opened again

  std::unique_ptr<Session> session() override {
    return std::make_unique<HashSession>(db_, durable_);
  }

  void scan(const Visitor& visit) override {
    Show show(visit);
    check(db_.ProcessEach(&show, false));
  }

  std::filesystem::path compact(const std::filesystem::path& /*target*/) override {
    check(db_.Rebuild());
    check(db_.Synchronize(true));
    return directory_;
  }

 private:
  std::filesystem::path directory_;
  tkrzw::HashDBM db_;
  bool durable_;
};

}  // namespace

StoreKind tkrzw_kind() {
  return {
      .name = kName,
      .version = tkrzw::PACKAGE_VERSION,
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<HashStore>(settings);
      },
  };
}

}  // namespace datawal::bench
