#include "model.h"

#include <stdexcept>

#include "notation.h"

namespace datawal::compat {
namespace {

Blob make_blob(std::uint64_t seed, std::size_t size) {
  if (size == 0) return {};
  Blob blob;
  blob.word = std::to_string(seed) + ':' + std::to_string(size);
  blob.size = size;
  blob.bytes = generated_bytes(seed, size);
  blob.shown = show(blob.bytes);
  return blob;
}

std::string line_of(const ModelRecord& record) {
  return std::string(record_type_name(record.type)) + ' ' + std::to_string(record.txid) + ' ' +
         record.key.shown + ' ' + record.payload.shown + ' ' + record.place();
}

}  // namespace

Blob make_key(std::uint64_t seed, std::size_t size) {
  return make_blob(seed, size);
}

Blob make_payload(std::uint64_t seed, std::size_t size) {
  Blob blob = make_blob(seed, size);
  blob.bytes = {};
  return blob;
}

std::uint64_t ModelRecord::frame_size() const {
  return 28 + key.size + payload.size;
}

std::string ModelRecord::place() const {
  return std::to_string(segment) + ' ' + std::to_string(offset) + ' ' +
         std::to_string(frame_size());
}

const ModelRecord& Model::append(RecordType type, const Blob& key, const Blob& payload) {
  const std::uint64_t size = ModelRecord{.key = key, .payload = payload}.frame_size();
  if (offset_ != 0 && offset_ + size > segment_size_max_) rotate();
  records_.push_back({.type = type,
                      .txid = records_.size() + 1,
                      .key = key,
                      .payload = payload,
                      .segment = segments_,
                      .offset = offset_});
  offset_ += size;
  apply(records_.size() - 1);
  return records_.back();
}

void Model::apply(std::size_t index) {
  const ModelRecord& record = records_[index];
  if (record.type == RecordType::kPut) live_[record.key.bytes] = index;
  if (record.type == RecordType::kDelete) live_.erase(record.key.bytes);
}

void Model::rotate() {
  ++segments_;
  offset_ = 0;
}

void Model::cut(std::size_t count) {
  while (records_.size() > count) {
    if (records_.back().segment != segments_) throw std::logic_error("cut in a sealed segment");
    offset_ = records_.back().offset;
    records_.pop_back();
  }
  live_.clear();
  for (std::size_t index = 0; index < count; ++index) apply(index);
}

std::vector<std::string> Model::dump() const {
  std::vector<std::string> lines;
  for (const ModelRecord& record : records_) lines.push_back(line_of(record));
  return lines;
}

std::vector<std::string> Model::state() const {
  std::vector<std::string> lines;
  for (const auto& [key, index] : live_) {
    lines.push_back(records_[index].key.shown + ' ' + records_[index].payload.shown);
  }
  return lines;
}

std::string Model::report() const {
  const std::string count = std::to_string(records_.size());
  return "files=" + std::to_string(segments_) + " records=" + count +
         " truncated=0 discarded=0 mid_stream=0 versions=0 last_txid=" + count;
}

Model Model::compacted() const {
  Model model;
  for (const auto& [key, index] : live_) {
    model.append(RecordType::kPut, records_[index].key, records_[index].payload);
  }
  return model;
}

}  // namespace datawal::compat
