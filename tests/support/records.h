// Records as values, for comparing what was written with what is read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datawal/bytes.h"
#include "datawal/record_log.h"

namespace datawal::test {

struct Record {
  RecordType type = RecordType::kRaw;
  Txid txid = 0;
  Bytes key = {};
  Bytes payload = {};

  friend bool operator==(const Record&, const Record&) = default;
};
using Records = std::vector<Record>;

// "Put txid 7 key 3 bytes payload 12 bytes", for messages.
[[nodiscard]] std::string describe(const Record& record);

[[nodiscard]] Record put_of(std::string_view key, ByteView value);
[[nodiscard]] Record removal_of(std::string_view key);
[[nodiscard]] Record raw_of(ByteView payload);
// What stands for the announcement of a batch of so many records; its payload is not compared.
[[nodiscard]] Record announcement_of(std::size_t count);
// How many `record` announces, if it is one of these.
[[nodiscard]] std::optional<std::size_t> announced_count(const Record& record);

// What a cursor gave until its end, or until it failed.
struct Reading {
  Records records = {};
  std::optional<Error> error = {};
  RecoveryReport report = {};
  Position end = {};
};
[[nodiscard]] Reading reading_of(RecordCursor cursor);

// The keys and values that `records` leave.
using KeyValues = std::map<std::string, std::string, std::less<>>;
[[nodiscard]] KeyValues fold(const Records& records);

// Bytes that look like nothing else, always the same for a seed.
[[nodiscard]] Bytes noise(std::uint64_t seed, std::size_t size);

}  // namespace datawal::test
