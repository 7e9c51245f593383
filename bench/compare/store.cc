#include "compare/store.h"

namespace datawal::bench {

void Store::export_jsonl(const std::filesystem::path& /*file*/) {
  fail("store", "this store has no JSONL export");
}

std::vector<StoreKind> all_store_kinds() {
  return {datawal_kind(), crate_kind(), leveldb_kind(), rocksdb_kind(), lmdb_kind(), sqlite_kind()};
}

void fail(std::string_view store, std::string_view reason) {
  throw std::runtime_error(std::string(store) + ": " + std::string(reason));
}

}  // namespace datawal::bench
