#include "support/log_model.h"

#include <algorithm>

namespace datawal::test {

void LogModel::attempt(Records records) {
  possible_ = std::move(records);
  Txid txid = visible_.size();
  for (Record& record : possible_) record.txid = ++txid;
}

void LogModel::attempt_batch(Records records) {
  if (records.size() > 1) records.insert(records.begin(), announcement_of(records.size()));
  attempt(std::move(records));
}

void LogModel::succeed() {
  settle(visible_.size() + possible_.size());
}

void LogModel::settle(std::size_t visible_count) {
  const std::size_t moved = std::min(possible_.size(), visible_count - visible_.size());
  const auto end = possible_.begin() + static_cast<std::ptrdiff_t>(moved);
  visible_.insert(visible_.end(), possible_.begin(), end);
  possible_.erase(possible_.begin(), end);
}

void LogModel::note_durable(std::size_t count) {
  durable_count_ = std::max(durable_count_, std::min(count, visible_.size()));
}

const Record* LogModel::at(std::size_t index) const {
  if (index < visible_.size()) return &visible_[index];
  index -= visible_.size();
  return index < possible_.size() ? &possible_[index] : nullptr;
}

bool LogModel::is_inside_batch(std::size_t count) const {
  std::size_t index = std::min(count, visible_.size() + possible_.size());
  // The announcement that is nearest before the end tells.
  while (index-- > 0) {
    if (const auto size = announced_count(*at(index))) return count <= index + *size;
  }
  return false;
}

const Record* LogModel::next_shown(Txid txid) const {
  const Record* record = at(txid - 1);
  while (record != nullptr && announced_count(*record)) record = at(record->txid);
  return record;
}

Records LogModel::shown_from(Txid txid) const {
  Records shown;
  for (std::size_t index = txid - 1; index < visible_.size(); ++index) {
    if (!announced_count(visible_[index])) shown.push_back(visible_[index]);
  }
  return shown;
}

std::string LogModel::compare_beginning(const Records& found) const {
  Txid last = 0;
  for (const Record& record : found) {
    const Record* expected = next_shown(last + 1);
    if (expected == nullptr) {
      return "behind txid " + std::to_string(last) +
             " is what was never written: " + describe(record);
    }
    if (*expected != record) {
      return "behind txid " + std::to_string(last) + " is " + describe(record) + " instead of " +
             describe(*expected);
    }
    last = expected->txid;
  }
  return "";
}

std::string LogModel::compare(const Records& found, Floor floor) const {
  const std::string difference = compare_beginning(found);
  if (!difference.empty()) return difference;
  const std::size_t count_min = floor == Floor::kVisible ? visible_.size() : durable_count_;
  const std::size_t count = found.empty() ? 0 : found.back().txid;
  if (count < count_min) {
    return "only " + std::to_string(count) + " records are left of " + std::to_string(count_min) +
           " that had to be there";
  }
  if (is_inside_batch(count)) return "a part of a batch is there, up to " + std::to_string(count);
  return "";
}

std::string LogModel::adopt(std::size_t count, Floor floor) {
  const std::size_t count_min = floor == Floor::kVisible ? visible_.size() : durable_count_;
  const std::size_t count_max = visible_.size() + possible_.size();
  if (count < count_min || count > count_max) {
    return std::to_string(count) + " records were found where there had to be " +
           std::to_string(count_min) + " to " + std::to_string(count_max);
  }
  if (is_inside_batch(count)) return "a part of a batch is there, up to " + std::to_string(count);
  if (count < visible_.size()) visible_.resize(count);
  settle(count);
  possible_.clear();
  durable_count_ = std::min(durable_count_, count);
  return "";
}

}  // namespace datawal::test
