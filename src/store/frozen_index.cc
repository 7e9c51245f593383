#include "store/frozen_index.h"

#include <utility>

namespace datawal {

std::unique_ptr<FrozenIndex> FrozenIndexes::freeze(const Source& source) {
  const std::lock_guard lock(mutex_);
  all_.reserve(all_.size() + 1);
  ++source.generation;
  auto frozen = std::make_unique<FrozenIndex>(*this, source);
  all_.push_back(frozen.get());
  return frozen;
}

void FrozenIndexes::keep(IndexTable& table, const HashParts& parts, std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<IndexTable> copy;
  for (FrozenIndex* const frozen : all_) {
    if (frozen->number_ <= table.generation()) continue;
    if (!copy) copy = std::make_shared<IndexTable>(table);
    frozen->keep(parts, copy);
  }
  table.set_generation(generation);
}

void FrozenIndexes::remove(const FrozenIndex& frozen) {
  const std::lock_guard lock(mutex_);
  std::erase(all_, &frozen);
}

FrozenIndex::FrozenIndex(FrozenIndexes& owner, const FrozenIndexes::Source& source)
    : owner_(owner),
      number_(source.generation),
      size_(source.size),
      directory_(source.directory),
      overflow_(source.overflow.entries()) {
  for (std::size_t entry = 0; entry < directory_.size();) {
    table_begins_.push_back(entry);
    entry += std::size_t{1} << (directory_.depth() - directory_.table_at(entry).depth());
  }
}

FrozenIndex::~FrozenIndex() {
  owner_.remove(*this);
}

void FrozenIndex::keep(const HashParts& parts, const std::shared_ptr<IndexTable>& copy) {
  copies_.push_back(copy);
  directory_.replace(parts, *copy);
}

FrozenIndex::TableShape FrozenIndex::copy_table(std::size_t index, IndexTable::Words words) const {
  TableShape shape{};
  const auto table_at = [&]() -> const IndexTable& {
    return directory_.table_at(table_begins_[index]);
  };
  read_steady(table_at, [&](const IndexTable& table) {
    table.copy_words(words);
    shape = {table.depth(), table.overflows()};
  });
  return shape;
}

std::vector<std::uint64_t> FrozenIndex::slots() const {
  std::vector<std::uint64_t> slots;
  slots.reserve(size_);
  visit_slots([&slots](std::uint64_t slot) { slots.push_back(slot); });
  return slots;
}

std::size_t FrozenIndex::memory_size() const {
  const std::lock_guard lock(owner_.mutex_);
  return sizeof *this + directory_.memory_size() +
         table_begins_.capacity() * sizeof(table_begins_[0]) +
         overflow_.capacity() * sizeof(overflow_[0]) +
         copies_.size() * (sizeof(IndexTable) + sizeof(copies_[0]));
}

}  // namespace datawal
