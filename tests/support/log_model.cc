#include "support/log_model.h"

#include <algorithm>

namespace datawal::testing {

void LogModel::attempt(Records records) {
  possible_ = std::move(records);
  Txid txid = visible_.size();
  for (Record& record : possible_) record.txid = ++txid;
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

std::string LogModel::compare_beginning(const Records& found) const {
  for (std::size_t index = 0; index < found.size(); ++index) {
    const Record* expected = at(index);
    if (expected == nullptr) {
      return "record " + std::to_string(index) + " was never written: " + describe(found[index]);
    }
    if (*expected != found[index]) {
      return "record " + std::to_string(index) + " is " + describe(found[index]) + " instead of " +
             describe(*expected);
    }
  }
  return "";
}

std::string LogModel::compare(const Records& found, Floor floor) const {
  const std::string difference = compare_beginning(found);
  if (!difference.empty()) return difference;
  const std::size_t count_min = floor == Floor::kVisible ? visible_.size() : durable_count_;
  if (found.size() >= count_min) return "";
  return "only " + std::to_string(found.size()) + " records are left of " +
         std::to_string(count_min) + " that had to be there";
}

std::string LogModel::adopt(std::size_t count, Floor floor) {
  const std::size_t count_min = floor == Floor::kVisible ? visible_.size() : durable_count_;
  const std::size_t count_max = visible_.size() + possible_.size();
  if (count < count_min || count > count_max) {
    return std::to_string(count) + " records were found where there had to be " +
           std::to_string(count_min) + " to " + std::to_string(count_max);
  }
  if (count < visible_.size()) visible_.resize(count);
  settle(count);
  possible_.clear();
  durable_count_ = std::min(durable_count_, count);
  return "";
}

}  // namespace datawal::testing
