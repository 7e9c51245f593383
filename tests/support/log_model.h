// What a log holds and may hold, as far as the program knows that writes it.
//
//   model.attempt({raw_of(payload)});
//   if (log.append(payload)) model.succeed();
//   if (log.sync()) model.note_synced();
//   ... a power cut, then:
//   EXPECT_EQ(model.compare(reading_of(log.scan()).records, LogModel::Floor::kDurable), "");
#pragma once

#include <cstdint>
#include <string>

#include "support/records.h"

namespace datawal::test {

class LogModel {
 public:
  // What must be there at least.
  enum class Floor {
    kVisible,  // every record whose append has succeeded: nothing was lost but a process
    kDurable,  // every record that was acknowledged by a sync: the power was cut
  };

  // An operation begins that appends these records, in order. Their txids are given by the model.
  void attempt(Records records);
  // The same of a batch: all of them or none, behind an announcement if they are several.
  void attempt_batch(Records records);
  // It has succeeded.
  void succeed();
  // It has failed after `visible_count` records in all were in the log.
  void settle(std::size_t visible_count);
  // Everything visible is durable.
  void note_synced() { durable_count_ = visible_.size(); }
  // The log says so of its first `count` records.
  void note_durable(std::size_t count);

  // Success ("") if a log that holds `found` can be what is left of this one.
  [[nodiscard]] std::string compare(const Records& found, Floor floor) const;
  // The same for a part of the log from its first record on.
  [[nodiscard]] std::string compare_beginning(const Records& found) const;
  // The log was opened and holds its first `count` records.
  [[nodiscard]] std::string adopt(std::size_t count, Floor floor);

  // With the announcements of batches, so that the record of txid n is the n-th.
  [[nodiscard]] const Records& visible() const { return visible_; }
  // Without them, from `txid` on: what a scan gives.
  [[nodiscard]] Records shown_from(Txid txid) const;
  // The first record from `txid` on that is no announcement, which may be a possible one.
  [[nodiscard]] const Record* next_shown(Txid txid) const;
  // Those of the last operation, which failed: any number of them, from the first, may be there.
  [[nodiscard]] const Records& possible() const { return possible_; }
  [[nodiscard]] std::size_t durable_count() const { return durable_count_; }
  [[nodiscard]] KeyValues values() const { return fold(visible_); }

 private:
  [[nodiscard]] const Record* at(std::size_t index) const;
  // Whether a log of so many records would end within a batch.
  [[nodiscard]] bool is_inside_batch(std::size_t count) const;

  Records visible_;
  Records possible_;
  std::size_t durable_count_ = 0;
};

}  // namespace datawal::test
