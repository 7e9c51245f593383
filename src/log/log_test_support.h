// What the tests of logs and stores share: a simulated machine with a log on it, and short ways to
// say what is expected of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datawal/record_log.h"
#include "datawal/record_log_reader.h"
#include "file/simulated_filesystem.h"
#include "format/watermark_slot.h"

namespace datawal::test {

// The value of `result`; the test fails with the error's text if there is none.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Matches a Result or Status that failed with `code`.
MATCHER_P(FailsWith, code, "fails with " + std::string(error_code_name(code))) {
  if (arg.has_value()) {
    *result_listener << "which succeeded";
    return false;
  }
  *result_listener << "which failed with " << error_code_name(arg.error().code) << ": "
                   << arg.error().to_string();
  return arg.error().code == code;
}

// Matches a Result or Status that succeeded.
MATCHER(Succeeds, "succeeds") {
  if (!arg.has_value()) *result_listener << "which failed: " << arg.error().to_string();
  return arg.has_value();
}

// A record with bytes of its own.
struct OwnedRecord {
  RecordType type = RecordType::kRaw;
  Txid txid = 0;
  std::string key = {};
  std::string payload = {};
  RecordRef ref = {};

  friend bool operator==(const OwnedRecord&, const OwnedRecord&) = default;
};
void PrintTo(const OwnedRecord& record, std::ostream* stream);

[[nodiscard]] OwnedRecord owned(const ScannedRecord& record);

// All that a cursor gives.
struct Scan {
  std::vector<OwnedRecord> records;
  std::optional<Error> error;
  RecoveryReport report;
  Position position;

  [[nodiscard]] std::vector<Txid> txids() const;
  [[nodiscard]] std::vector<std::string> payloads() const;
};
[[nodiscard]] Scan read_all(RecordCursor cursor);

// One frame.
[[nodiscard]] Bytes frame_of(const RecordView& record);
[[nodiscard]] Bytes raw_frame(Txid txid, std::string_view payload);
[[nodiscard]] Bytes put_frame(Txid txid, std::string_view key, std::string_view value);
[[nodiscard]] Bytes joined(std::initializer_list<Bytes> parts);

// A machine, and a place on it for a store.
class SimulatedLog : public ::testing::Test {
 protected:
  static constexpr std::string_view kStore = "store";

  SimulatedLog() { options_.filesystem = &filesystem_; }

  [[nodiscard]] RecordLog open() { return must(RecordLog::open(kStore, options_)); }
  [[nodiscard]] Result<RecordLog> try_open() { return RecordLog::open(kStore, options_); }
  [[nodiscard]] RecordLogReader open_reader() {
    return must(RecordLogReader::open(kStore, options_));
  }
  // Makes a log with these payloads, one record each, and closes it.
  void make_log(const std::vector<std::string>& payloads);

  [[nodiscard]] static std::filesystem::path segment_path(std::uint32_t id);
  [[nodiscard]] Bytes segment(std::uint32_t id) const;
  [[nodiscard]] bool has_segment(std::uint32_t id) const;
  void write_segment(std::uint32_t id, ByteView data);
  void cut_segment(std::uint32_t id, std::uint64_t size);
  void extend_segment(std::uint32_t id, ByteView data);
  // Inverts bits of one byte.
  void damage(const std::filesystem::path& path, std::uint64_t offset, unsigned mask = 0x10);
  void damage_segment(std::uint32_t id, std::uint64_t offset) { damage(segment_path(id), offset); }

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::optional<Watermark> watermark() const;
  void remove_watermark() { filesystem_.remove("store/watermark"); }
  [[nodiscard]] std::uint64_t count(SimulatedCall call) const { return filesystem_.count(call); }

  SimulatedFilesystem filesystem_;
  Options options_;
};

}  // namespace datawal::test
