// RocksDB. WriteOptions::sync = false with the write-ahead log on is its promise "survives a crash
// of the process". Tuned as its own guides have it: threads by IncreaseParallelism, a block cache,
// a bloom filter, dynamic level sizes. Once as it is, and once with every value in blob files
// ("rocksdb-blob"), which its documentation has for large values. Its hash index in blocks and its
// memtable filter were tried and gained nothing here. Checksums are verified when a block
// enters the cache, as by default.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <thread>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "rocksdb";
constexpr std::size_t kNoBlobs = SIZE_MAX;

void check(const rocksdb::Status& status) {
  if (!status.ok()) fail(kName, status.ToString());
}

rocksdb::Slice slice(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  return {text.data(), text.size()};
}

ByteView view_of(const rocksdb::Slice& slice) {
  return as_bytes(std::string_view(slice.data(), slice.size()));
}

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  options.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.format_version = 5;
  return options;
}

rocksdb::Options store_options(const StoreSettings& settings, std::size_t blob_size_min) {
  const auto cache = rocksdb::NewLRUCache(settings.cache_size);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.IncreaseParallelism(static_cast<int>(std::thread::hardware_concurrency()));
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = settings.write_buffer_size;
  options.level_compaction_dynamic_level_bytes = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  if (settings.value_size >= blob_size_min) {
    options.enable_blob_files = true;
    options.min_blob_size = blob_size_min;
    options.enable_blob_garbage_collection = true;
    options.blob_cache = cache;
  }
  return options;
}

class RocksSession final : public Session {
 public:
  RocksSession(rocksdb::DB& db, bool durable) : db_(db) { write_options_.sync = durable; }

  void put(ByteView key, ByteView value) override {
    check(db_.Put(write_options_, slice(key), slice(value)));
  }

  void put_batch(std::span<const Entry> entries) override {
    batch_.Clear();
    for (const Entry& entry : entries) check(batch_.Put(slice(entry.key), slice(entry.value)));
    check(db_.Write(write_options_, &batch_));
  }

  std::optional<ByteView> get(ByteView key) override {
    value_.Reset();
    const rocksdb::Status status = db_.Get({}, db_.DefaultColumnFamily(), slice(key), &value_);
    if (status.IsNotFound()) return std::nullopt;
    check(status);
    return view_of(value_);
  }

  // A deletion does not tell whether the key was there.
  bool remove(ByteView key) override {
    if (!get(key)) return false;
    check(db_.Delete(write_options_, slice(key)));
    return true;
  }

 private:
  rocksdb::DB& db_;
  rocksdb::WriteOptions write_options_;
  rocksdb::WriteBatch batch_;
  rocksdb::PinnableSlice value_;
};

class RocksStore final : public Store {
 public:
  RocksStore(const StoreSettings& settings, std::size_t blob_size_min)
      : directory_(settings.directory), durable_(settings.durable) {
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(store_options(settings, blob_size_min), directory_, &opened));
    db_.reset(opened);
  }

  std::unique_ptr<Session> session() override {
    return std::make_unique<RocksSession>(*db_, durable_);
  }

  // Its documentation advises bulk reads not to fill the cache.
  void scan(const Visitor& visit) override {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> cursor(db_->NewIterator(options));
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      visit(view_of(cursor->key()), view_of(cursor->value()));
    }
    check(cursor->status());
  }

  std::filesystem::path compact(const std::filesystem::path& /*target*/) override {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
    options.blob_garbage_collection_age_cutoff = 1.0;
    check(db_->CompactRange(options, nullptr, nullptr));
    return directory_;
  }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<rocksdb::DB> db_;
  bool durable_;
};

}  // namespace

std::vector<StoreKind> rocksdb_kinds() {
  return {
      {.name = "rocksdb",
       .version = rocksdb::GetRocksVersionAsString(),
       .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
         return std::make_unique<RocksStore>(settings, kNoBlobs);
       },
       .is_ordered = true,
       .is_slow = true},
      {.name = "rocksdb-blob",
       .version = rocksdb::GetRocksVersionAsString(),
       .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
         return std::make_unique<RocksStore>(settings, 0);
       },
       .is_ordered = true,
       .is_slow = true},
  };
}

}  // namespace datawal::bench
