#include "compare/store.h"

#include <iterator>
#include <utility>

namespace datawal::bench {
namespace {

void append(std::vector<StoreKind>& kinds, std::vector<StoreKind> more) {
  kinds.insert(kinds.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

}  // namespace

void Store::export_jsonl(const std::filesystem::path& /*file*/) {
  fail("store", "this store has no JSONL export");
}

std::vector<StoreKind> all_store_kinds() {
  std::vector<StoreKind> kinds = {datawal_kind(), floor_kind()};
  append(kinds, crate_kinds());
  append(kinds, {leveldb_kind()});
  append(kinds, rocksdb_kinds());
  append(kinds, lmdb_kinds());
  append(kinds, {sqlite_kind(), wiredtiger_kind(), berkeleydb_kind(), tkrzw_kind()});
  return kinds;
}

StoreKind store_kind_named(std::string_view name) {
  for (StoreKind& kind : all_store_kinds()) {
    if (kind.name == name) return std::move(kind);
  }
  fail(name, "there is no such store");
}

void fail(std::string_view store, std::string_view reason) {
  throw std::runtime_error(std::string(store) + ": " + std::string(reason));
}

}  // namespace datawal::bench
