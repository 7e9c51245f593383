#include "notation.h"

#include <charconv>
#include <stdexcept>
#include <utility>
#include <variant>

namespace datawal::compat {
namespace {

// Longer byte strings are shown by their size and hash.
constexpr std::size_t kShownInFullMax = 1024;

std::byte parse_hex_pair(std::string_view pair) {
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), value, 16);
  if (error != std::errc{} || end != pair.data() + pair.size()) {
    throw std::invalid_argument("not hexadecimal: " + std::string(pair));
  }
  return std::byte{value};
}

// FNV-1a with 64 bits, as 16 digits.
std::string hash(ByteView bytes) {
  std::uint64_t value = 0xCBF29CE484222325U;
  for (const std::byte byte : bytes) {
    value = (value ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3U;
  }
  std::string digits(16, '0');
  for (std::size_t index = 16; index-- > 0; value >>= 4U) {
    digits[index] = "0123456789abcdef"[value & 15U];
  }
  return digits;
}

std::string_view field_name(StructuralField field) {
  switch (field) {
    case StructuralField::kMagic:
      return "magic";
    case StructuralField::kVersion:
      return "version";
    case StructuralField::kRecordType:
      return "type";
    case StructuralField::kFlags:
      return "flags";
    case StructuralField::kKeySize:
      return "key_size";
    case StructuralField::kPayloadSize:
      return "payload_size";
  }
  return "unknown";
}

std::string record_text(const RecordView& record) {
  return std::string(record_type_name(record.type)) + ' ' + std::to_string(record.txid) + ' ' +
         show(record.key) + ' ' + show(record.payload);
}

struct OutcomeText {
  std::string operator()(const DecodedFrame& frame) const {
    return "frame " + record_text(frame.record) + ' ' + std::to_string(frame.size);
  }
  std::string operator()(const Truncated& truncated) const {
    return "truncated " + std::to_string(truncated.available) + ' ' +
           std::to_string(truncated.needed);
  }
  std::string operator()(const CrcMismatch& mismatch) const {
    return "crc " + std::to_string(mismatch.size);
  }
  std::string operator()(const StructuralError& error) const {
    return "structural " + std::string(field_name(error.field)) + ' ' + std::to_string(error.found);
  }
};

}  // namespace

Bytes generated_bytes(std::uint64_t seed, std::size_t size) {
  Bytes bytes(size);
  std::uint64_t state = seed;
  for (std::size_t start = 0; start < size; start += 8) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    mixed ^= mixed >> 31U;
    for (std::size_t index = start; index < size && index < start + 8; ++index, mixed >>= 8U) {
      bytes[index] = static_cast<std::byte>(mixed & 0xFFU);
    }
  }
  return bytes;
}

Bytes parse_bytes(std::string_view word) {
  if (word == "-") return {};
  if (const std::size_t colon = word.find(':'); colon != std::string_view::npos) {
    return generated_bytes(parse_number(word.substr(0, colon)),
                           parse_number(word.substr(colon + 1)));
  }
  if (word.size() % 2 != 0) throw std::invalid_argument("an odd number of hexadecimal digits");
  Bytes bytes;
  bytes.reserve(word.size() / 2);
  for (std::size_t index = 0; index < word.size(); index += 2) {
    bytes.push_back(parse_hex_pair(word.substr(index, 2)));
  }
  return bytes;
}

std::uint64_t parse_number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) {
    throw std::invalid_argument("not a number: " + std::string(word));
  }
  return value;
}

RecordType parse_type(std::string_view word) {
  for (const RecordType type : {RecordType::kRaw, RecordType::kPut, RecordType::kDelete}) {
    if (word == record_type_name(type)) return type;
  }
  throw std::invalid_argument("not a record type: " + std::string(word));
}

std::string hex(ByteView bytes) {
  std::string digits;
  digits.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    digits += "0123456789abcdef"[std::to_integer<unsigned>(byte >> 4U)];
    digits += "0123456789abcdef"[std::to_integer<unsigned>(byte & std::byte{15})];
  }
  return digits;
}

std::string show(ByteView bytes) {
  if (bytes.empty()) return "-";
  if (bytes.size() <= kShownInFullMax) return hex(bytes);
  return std::to_string(bytes.size()) + '#' + hash(bytes);
}

std::string show(const RecordRef& ref) {
  return std::to_string(std::to_underlying(ref.segment)) + ' ' + std::to_string(ref.offset) + ' ' +
         std::to_string(ref.size);
}

std::string show(const ScannedRecord& record) {
  return record_text(record) + ' ' + show(record.ref);
}

std::string show(const RecoveryReport& report) {
  return "files=" + std::to_string(report.files_scanned) +
         " records=" + std::to_string(report.records_replayed) +
         " truncated=" + std::to_string(report.tail_truncated) +
         " discarded=" + std::to_string(report.tail_bytes_discarded) +
         " mid_stream=" + std::to_string(report.mid_stream_errors) +
         " versions=" + std::to_string(report.unsupported_versions) +
         " last_txid=" + std::to_string(report.last_txid_seen);
}

std::string show(const DecodeOutcome& outcome) {
  return std::visit(OutcomeText{}, outcome);
}

}  // namespace datawal::compat
