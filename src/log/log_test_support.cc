#include "log/log_test_support.h"

#include <algorithm>
#include <ostream>

#include "format/names.h"

namespace datawal::test {

void PrintTo(const OwnedRecord& record, std::ostream* stream) {
  *stream << record_type_name(record.type) << " txid " << record.txid << " \"" << record.key
          << "\"=\"" << record.payload.substr(0, 64) << "\" at segment "
          << std::to_underlying(record.ref.segment) << " offset " << record.ref.offset << " size "
          << record.ref.size;
}

OwnedRecord owned(const ScannedRecord& record) {
  return {record.type, record.txid, std::string(as_text(record.key)),
          std::string(as_text(record.payload)), record.ref};
}

std::vector<Txid> Scan::txids() const {
  std::vector<Txid> all;
  for (const OwnedRecord& record : records) all.push_back(record.txid);
  return all;
}

std::vector<std::string> Scan::payloads() const {
  std::vector<std::string> all;
  for (const OwnedRecord& record : records) all.push_back(record.payload);
  return all;
}

Scan read_all(RecordCursor cursor) {
  Scan scan;
  while (true) {
    const auto record = cursor.next();
    if (!record) {
      scan.error = record.error();
      break;
    }
    if (!*record) break;
    scan.records.push_back(owned(**record));
  }
  scan.report = cursor.report();
  scan.position = cursor.position();
  return scan;
}

Bytes frame_of(const RecordView& record) {
  Bytes frame(frame_size(record.key.size(), record.payload.size()));
  must(encode_frame(frame, record));
  return frame;
}

Bytes raw_frame(Txid txid, std::string_view payload) {
  return frame_of({.txid = txid, .payload = as_bytes(payload)});
}

Bytes put_frame(Txid txid, std::string_view key, std::string_view value) {
  return frame_of({RecordType::kPut, txid, as_bytes(key), as_bytes(value)});
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

void SimulatedLog::make_log(const std::vector<std::string>& payloads) {
  RecordLog log = open();
  for (const std::string& payload : payloads) must(log.append(as_bytes(payload)));
  must(log.close());
}

std::filesystem::path SimulatedLog::segment_path(std::uint32_t id) {
  return std::filesystem::path(kStore) / segment_name(SegmentId{id});
}

Bytes SimulatedLog::segment(std::uint32_t id) const {
  return filesystem_.read_file(segment_path(id)).value();
}

bool SimulatedLog::has_segment(std::uint32_t id) const {
  return filesystem_.exists(segment_path(id));
}

void SimulatedLog::write_segment(std::uint32_t id, ByteView data) {
  filesystem_.write_file(segment_path(id), data);
}

void SimulatedLog::cut_segment(std::uint32_t id, std::uint64_t size) {
  const Bytes whole = segment(id);
  write_segment(id, ByteView(whole).first(size));
}

void SimulatedLog::extend_segment(std::uint32_t id, ByteView data) {
  write_segment(id, joined({segment(id), to_bytes(data)}));
}

void SimulatedLog::damage(const std::filesystem::path& path, std::uint64_t offset, unsigned mask) {
  Bytes data = filesystem_.read_file(path).value();
  data.at(offset) ^= static_cast<std::byte>(mask);
  filesystem_.write_file(path, data);
}

std::vector<std::string> SimulatedLog::names() const {
  const auto machine = filesystem_.clone();
  const auto directory = must(machine->open_directory(kStore));
  const std::vector<DirectoryEntry> entries = must(directory->list());
  std::vector<std::string> all;
  for (const DirectoryEntry& entry : entries) all.push_back(entry.name);
  std::ranges::sort(all);
  return all;
}

std::optional<Watermark> SimulatedLog::watermark() const {
  const auto file = filesystem_.read_file("store/watermark");
  return file ? decode_watermark(*file) : std::nullopt;
}

}  // namespace datawal::test
