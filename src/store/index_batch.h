// Takes a batch over into an index, all of it or nothing: what can fail comes before the batch is
// appended, what comes behind cannot.
//
//   IndexBatch changes(index, batch);
//   DATAWAL_TRY(changes.prepare());
//   ... the batch is appended ...
//   DATAWAL_TRY(changes.apply(position of its first record));
//
// Each change moves what the next one looks for, so the places of the entries are found twice: once
// by reading the keys, which can fail and takes loads from memory that are begun ahead; and once,
// in memory that is near by then, by the addresses that were found.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datawal/write_batch.h"
#include "store/store_index.h"

namespace datawal {

class IndexBatch {
 public:
  // Both must outlive it. The only part that may run beside changes of the index.
  IndexBatch(StoreIndex& index, const WriteBatch& batch);

  // Looks up what the records replace. Fails with kExhausted, and where an older record of a key
  // cannot be read. Holds until the next change of the index.
  [[nodiscard]] Status prepare();
  // Takes over the records, in order, of which the first is at `begin`: whoever searches meanwhile
  // finds what was before the batch, and from one moment on what is behind it. Throws where memory
  // runs out; then it has taken over those before. `begin` is where prepare() has made sure that
  // addresses are to be had: it cannot fail otherwise.
  [[nodiscard]] Status apply(Position begin);

 private:
  // An entry of the index that a record of the batch replaces.
  struct Replaced {
    std::size_t record_index;
    LogAddress address;
  };

  // What a record does to the index; nothing if it is a Raw one.
  struct Change {
    KeyHash hash;
    LogAddress address;  // once it has been appended
    bool has_key = false;
    bool may_be_held = false;  // the index may have had the key
    bool is_first = false;     // none before it in the batch is of the same key
  };
  [[nodiscard]] Status set_overlay(Position begin);
  [[nodiscard]] bool add_new(std::size_t record_index);
  void replace(std::size_t record_index, Position begin, std::span<const Replaced>& rest);
  [[nodiscard]] Status look_up(std::size_t record_index);
  [[nodiscard]] bool is_earlier_record(LogAddress address, ByteView key, Position begin) const;

  StoreIndex* index_;
  const WriteBatch* batch_;
  std::vector<Change> changes_;  // of all records
  BatchOverlay* overlay_ = nullptr;
  std::vector<Replaced> replaced_;  // in the order of the records
};

}  // namespace datawal
