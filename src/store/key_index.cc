#include "store/key_index.h"

#include "file/second_thread.h"

namespace datawal {
namespace {

// With fewer tables, a thread takes longer to begin than they to be loaded.
constexpr std::size_t kTablesWorthAThread = 16;

}  // namespace

KeyIndex::KeyIndex() : KeyIndex(std::make_unique<IndexDirectory>(0)) {
  tables_.push_back(std::make_unique<IndexTable>());
  directories_.back()->set_first(*tables_.back());
  count_memory();
}

KeyIndex::KeyIndex(std::unique_ptr<IndexDirectory> directory) {
  directory_.store(directory.get(), std::memory_order_release);
  directories_.push_back(std::move(directory));
}

KeyIndex::~KeyIndex() = default;

std::unique_ptr<FrozenIndex> KeyIndex::freeze() {
  return frozen_.freeze({*directories_.back(), overflow_, size(), generation_});
}

// What is read is taken under the lock: who comes second leaves his.
IndexTable& KeyIndex::load_table(HashParts parts) const {
  std::unique_ptr<IndexTable> table = lazy_->read(parts.region);
  const std::unique_lock lock = lock_directories();
  IndexDirectory& directory = *directory_.load(std::memory_order_acquire);
  if (IndexTable* const loaded = directory.find(parts)) return *loaded;
  IndexTable* const taken = table ? lazy_->take(std::move(table)) : nullptr;
  if (taken == nullptr) return lazy_->nothing();
  directory.replace(parts, *taken);
  return *taken;
}

bool KeyIndex::load_all() const {
  if (!lazy_) return true;
  const std::vector<std::uint32_t>& regions = lazy_->first_regions();
  std::atomic<std::size_t> next = 0;
  const auto load_some = [&] {
    HashParts parts(KeyHash{});
    for (std::size_t index = next++; index < regions.size() && !is_broken(); index = next++) {
      parts.region = regions[index];
      static_cast<void>(table_of(parts));
    }
  };
  SecondThread second;
  if (!lazy_->is_done() && regions.size() >= kTablesWorthAThread) second.begin(load_some);
  load_some();
  second.wait();
  return !is_broken();
}

bool KeyIndex::replace(KeyHash hash, LogAddress source, LogAddress target) {
  const HashParts parts(hash);
  IndexTable& table = table_of(parts);
  keep_for_frozen(table, parts);
  bool found = false;
  const auto look_at = [&](std::uint64_t entry, const IndexCell& cell) {
    found = address_in_slot(entry) == source;
    if (found) cell.slot->store(parts.slot(target), std::memory_order_release);
    return !found;
  };
  visit(table, parts, look_at);
  return found;
}

bool KeyIndex::holds(KeyHash hash, LogAddress address) const noexcept {
  if (pending_.find(hash) == address) return true;
  const HashParts parts(hash);
  bool found = false;
  search_until_sure(parts, [&](IndexTable& table) {
    const auto look_at = [&](std::uint64_t entry, const IndexCell& cell) {
      found = address_in_slot(entry) == address && cell.has_tag(parts.tag);
      return !found;
    };
    visit(table, parts, look_at);
    return found;
  });
  return found;
}

void KeyIndex::make_spares() {
  overflow_.reserve_one();
  if (spare_directory_ == nullptr) {
    const unsigned depth = directories_.back()->depth();
    if (depth < kRegionBits) spare_directory_ = std::make_unique<IndexDirectory>(depth + 1);
    directories_.reserve(directories_.size() + 1);
  }
  if (spare_table_ == nullptr) spare_table_ = std::make_unique<IndexTable>();
  if (tables_.size() == tables_.capacity()) tables_.reserve(tables_.size() * 2 + 1);
  count_memory();
}

void KeyIndex::insert_crowded(IndexTable& table, const HashParts& parts, std::uint64_t entry) {
  IndexTable* place = &table;
  if (can_divide(table)) {
    divide(table, parts);
    place = &table_of(parts);
  }
  if (place->insert(parts, entry)) return;
  place->set_overflows();
  overflow_.insert(parts, entry);
}

void KeyIndex::erase_cell(const IndexCell& cell) noexcept {
  if (cell.table != nullptr) {
    cell.table->erase(cell);
  } else {
    cell.clear_tag();
  }
  size_.store(size() - 1, std::memory_order_relaxed);
}

bool KeyIndex::can_divide(const IndexTable& table) const noexcept {
  if (table.count() < kBucketCount * kBucketSlots / 2) return false;
  const IndexDirectory& directory = *directories_.back();
  if (table.depth() < directory.depth()) return true;
  return directory.depth() < kRegionBits &&
         directory.size() < table_count() * kDirectoryEntriesPerTableMax;
}

void KeyIndex::divide(IndexTable& table, const HashParts& parts) {
  reserve_one();
  const std::unique_lock lock = lock_directories();
  if (table.depth() == directories_.back()->depth()) {
    spare_directory_->double_from(*directories_.back());
    directories_.push_back(std::move(spare_directory_));
    directory_.store(directories_.back().get(), std::memory_order_release);
  }
  const std::unique_ptr<IndexTable>& upper = tables_.emplace_back(std::move(spare_table_));
  table.copy_upper_half(*upper);
  directories_.back()->set_upper_half(parts, *upper);
  table.drop_upper_half(*upper);
  count_memory();
}

std::size_t KeyIndex::memory_size() const noexcept {
  return memory_size_.load(std::memory_order_relaxed) + overflow_.memory_size() +
         (lazy_ ? lazy_->memory_size() : 0);
}

void KeyIndex::count_memory() noexcept {
  const std::size_t table_count = tables_.size() + (spare_table_ != nullptr ? 1 : 0);
  std::size_t size = sizeof *this + table_count * sizeof(IndexTable) +
                     tables_.capacity() * sizeof(tables_[0]) +
                     directories_.capacity() * sizeof(directories_[0]);
  for (const std::unique_ptr<IndexDirectory>& directory : directories_) {
    size += directory->memory_size();
  }
  if (spare_directory_ != nullptr) size += spare_directory_->memory_size();
  memory_size_.store(size, std::memory_order_relaxed);
}

std::optional<LogAddress> KeyIndex::put_at(const Place& place, LogAddress address) {
  if (!place.has_entry()) {
    insert(table_of(place.parts_), place.parts_, place.parts_.slot(address));
    return std::nullopt;
  }
  place.cell_.slot->store(place.parts_.slot(address), std::memory_order_release);
  for (const IndexCell& cell : place.others_) erase_cell(cell);
  return place.latest_;
}

std::optional<LogAddress> KeyIndex::erase_at(const Place& place) noexcept {
  if (!place.has_entry()) return std::nullopt;
  erase_cell(place.cell_);
  for (const IndexCell& cell : place.others_) erase_cell(cell);
  return place.latest_;
}

}  // namespace datawal
