#include "support/records.h"

#include <random>

#include "format/batch_frame.h"

namespace datawal::test {

std::string describe(const Record& record) {
  return std::string(record_type_name(record.type)) + " txid " + std::to_string(record.txid) +
         " key " + std::to_string(record.key.size()) + " bytes payload " +
         std::to_string(record.payload.size()) + " bytes";
}

Record put_of(std::string_view key, ByteView value) {
  return {.type = RecordType::kPut, .key = to_bytes(as_bytes(key)), .payload = to_bytes(value)};
}

Record removal_of(std::string_view key) {
  return {.type = RecordType::kDelete, .key = to_bytes(as_bytes(key))};
}

Record raw_of(ByteView payload) {
  return {.type = RecordType::kRaw, .payload = to_bytes(payload)};
}

Record announcement_of(std::size_t count) {
  const std::string digits = std::to_string(count);
  return {.type = RecordType::kRaw,
          .key = to_bytes(as_bytes(kBatchKey)),
          .payload = to_bytes(as_bytes(digits))};
}

std::optional<std::size_t> announced_count(const Record& record) {
  if (record.type != RecordType::kRaw || as_text(record.key) != kBatchKey) return std::nullopt;
  return std::stoul(std::string(as_text(record.payload)));
}

Reading reading_of(RecordCursor cursor) {
  Reading reading;
  while (true) {
    const auto next = cursor.next();
    if (!next) reading.error = next.error();
    if (!next || !*next) break;
    const ScannedRecord& record = **next;
    reading.records.push_back(
        {record.type, record.txid, to_bytes(record.key), to_bytes(record.payload)});
  }
  reading.report = cursor.report();
  reading.end = cursor.position();
  return reading;
}

KeyValues fold(const Records& records) {
  KeyValues values;
  for (const Record& record : records) {
    const std::string key(as_text(record.key));
    if (record.type == RecordType::kPut) values[key] = as_text(record.payload);
    if (record.type == RecordType::kDelete) values.erase(key);
  }
  return values;
}

Bytes noise(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

}  // namespace datawal::test
