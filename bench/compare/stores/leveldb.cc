// LevelDB. WriteOptions::sync = false is its promise "survives a crash of the process": the log is
// written with write(2) before a put returns. Its header advises a larger write buffer for bulk
// loads, and its documentation a block cache and a bloom filter for random reads. Values are not
// compressible here, so compression is off. Checksums are not verified on reads, as is its default.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "leveldb";

void check(const leveldb::Status& status) {
  if (!status.ok()) fail(kName, status.ToString());
}

leveldb::Slice slice(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  return {text.data(), text.size()};
}

ByteView view(const leveldb::Slice& slice) {
  return as_bytes(std::string_view(slice.data(), slice.size()));
}

class LevelSession final : public Session {
 public:
  LevelSession(leveldb::DB& db, bool durable) : db_(db) { write_options_.sync = durable; }

  void put(ByteView key, ByteView value) override {
    check(db_.Put(write_options_, slice(key), slice(value)));
  }

  void put_batch(std::span<const Entry> entries) override {
    batch_.Clear();
    for (const Entry& entry : entries) batch_.Put(slice(entry.key), slice(entry.value));
    check(db_.Write(write_options_, &batch_));
  }

  std::optional<ByteView> get(ByteView key) override {
    const leveldb::Status status = db_.Get({}, slice(key), &value_);
    if (status.IsNotFound()) return std::nullopt;
    check(status);
    return as_bytes(value_);
  }

  // A deletion does not tell whether the key was there.
  bool remove(ByteView key) override {
    if (!get(key)) return false;
    check(db_.Delete(write_options_, slice(key)));
    return true;
  }

 private:
  leveldb::DB& db_;
  leveldb::WriteOptions write_options_;
  leveldb::WriteBatch batch_;
  std::string value_;
};

class LevelStore final : public Store {
 public:
  explicit LevelStore(const StoreSettings& settings)
      : directory_(settings.directory),
        cache_(leveldb::NewLRUCache(settings.cache_size)),
        filter_(leveldb::NewBloomFilterPolicy(10)),
        durable_(settings.durable) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.compression = leveldb::kNoCompression;
    options.write_buffer_size = settings.write_buffer_size;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    leveldb::DB* opened = nullptr;
    check(leveldb::DB::Open(options, directory_, &opened));
    db_.reset(opened);
  }

  std::unique_ptr<Session> session() override {
    return std::make_unique<LevelSession>(*db_, durable_);
  }

  // Its documentation advises bulk reads not to fill the cache.
  void scan(const Visitor& visit) override {
    leveldb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<leveldb::Iterator> cursor(db_->NewIterator(options));
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      visit(view(cursor->key()), view(cursor->value()));
    }
    check(cursor->status());
  }

  std::filesystem::path compact(const std::filesystem::path& /*target*/) override {
    db_->CompactRange(nullptr, nullptr);
    return directory_;
  }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
  bool durable_;
};

}  // namespace

StoreKind leveldb_kind() {
  return {
      .name = kName,
      .version =
          std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion),
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<LevelStore>(settings);
      },
      .is_ordered = true,
      .is_slow = true,
  };
}

}  // namespace datawal::bench
