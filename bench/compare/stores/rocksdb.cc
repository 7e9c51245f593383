// RocksDB. WriteOptions::sync = false with the write-ahead log on is its promise "survives a crash
// of the process". Tuned as its own guides have it: threads by IncreaseParallelism, a block cache,
// a bloom filter, dynamic level sizes, and blob files for large values. Its hash index in blocks
// and its memtable filter were tried and gained nothing here. Checksums are verified when a block
// enters the cache, as by default.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>

#include <thread>

#include "compare/store.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "rocksdb";
// From this value size on its documentation has key and value separated.
constexpr std::size_t kBlobSizeMin = 4096;

void check(const rocksdb::Status& status) {
  if (!status.ok()) fail(kName, status.ToString());
}

rocksdb::Slice slice(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  return {text.data(), text.size()};
}

ByteView view(const rocksdb::Slice& slice) {
  return as_bytes(std::string_view(slice.data(), slice.size()));
}

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  options.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.format_version = 5;
  return options;
}

rocksdb::Options store_options(const StoreSettings& settings) {
  const auto cache = rocksdb::NewLRUCache(kCacheSize);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.IncreaseParallelism(static_cast<int>(std::thread::hardware_concurrency()));
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = kWriteBufferSize;
  options.level_compaction_dynamic_level_bytes = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  if (settings.value_size >= kBlobSizeMin) {
    options.enable_blob_files = true;
    options.min_blob_size = kBlobSizeMin;
    options.enable_blob_garbage_collection = true;
    options.blob_cache = cache;
  }
  return options;
}

class RocksStore final : public Store {
 public:
  explicit RocksStore(const StoreSettings& settings) : directory_(settings.directory) {
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::Open(store_options(settings), directory_, &opened));
    db_.reset(opened);
    write_options_.sync = settings.durable;
  }

  void put(ByteView key, ByteView value) override {
    check(db_->Put(write_options_, slice(key), slice(value)));
  }

  std::optional<ByteView> get(ByteView key) override {
    value_.Reset();
    const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), slice(key), &value_);
    if (status.IsNotFound()) return std::nullopt;
    check(status);
    return view(value_);
  }

  // Its documentation advises bulk reads not to fill the cache.
  void scan(const Visitor& visit) override {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> cursor(db_->NewIterator(options));
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      visit(view(cursor->key()), view(cursor->value()));
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
  rocksdb::WriteOptions write_options_;
  rocksdb::PinnableSlice value_;  // let go before the store that it may point into
};

}  // namespace

StoreKind rocksdb_kind() {
  return {
      .name = kName,
      .version = rocksdb::GetRocksVersionAsString(),
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<RocksStore>(settings);
      },
  };
}

}  // namespace datawal::bench
