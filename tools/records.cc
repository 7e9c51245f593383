#include "tools/records.h"

#include <utility>

namespace datawal::cli {
namespace {

std::string_view short_type_name(RecordType type) {
  switch (type) {
    case RecordType::kRaw:
      return "RAW";
    case RecordType::kPut:
      return "PUT";
    case RecordType::kDelete:
      return "DEL";
  }
  std::unreachable();
}

std::string_view type_color(RecordType type) {
  switch (type) {
    case RecordType::kRaw:
      return "\033[36m";
    case RecordType::kPut:
      return "\033[32m";
    case RecordType::kDelete:
      return "\033[31m";
  }
  std::unreachable();
}

}  // namespace

std::string segment_text(SegmentId segment) {
  std::string text;
  append_padded(text, std::to_underlying(segment), 8, '0');
  return text;
}

void RecordPrinter::print(const ScannedRecord& record) {
  if (session_.json) {
    JsonLine json = begin_json("record", record);
    json.base64("key_base64", record.key).base64("payload_base64", record.payload);
    session_.out.write(json.finish());
    return;
  }
  begin_line(record);
  line_ += " payload=";
  append_field(line_, record.payload, style_);
  line_ += '\n';
  session_.out.write(line_);
}

void RecordPrinter::print_frame(const ScannedRecord& record) {
  if (session_.json) {
    JsonLine json = begin_json("frame", record);
    json.number("key_len", record.key.size()).number("payload_len", record.payload.size());
    session_.out.write(json.finish());
    return;
  }
  begin_line(record);
  line_ += " key_len=";
  append_number(line_, record.key.size());
  line_ += " payload_len=";
  append_number(line_, record.payload.size());
  line_ += '\n';
  session_.out.write(line_);
}

void RecordPrinter::begin_line(const ScannedRecord& record) {
  line_ = "seg=";
  append_padded(line_, std::to_underlying(record.ref.segment), 8, '0');
  line_ += " off=";
  append_padded(line_, record.ref.offset, 10);
  line_ += " len=";
  append_padded(line_, record.ref.size, 8);
  line_ += " type=";
  if (session_.colored) line_ += type_color(record.type);
  line_ += short_type_name(record.type);
  if (session_.colored) line_ += "\033[0m";
  line_ += " txid=";
  append_padded(line_, record.txid, 10);
  line_ += " key=";
  append_field(line_, record.key, style_);
}

JsonLine RecordPrinter::begin_json(std::string_view kind, const ScannedRecord& record) {
  JsonLine json(kind);
  json.number("segment", std::to_underlying(record.ref.segment))
      .number("offset", record.ref.offset)
      .number("len", record.ref.size)
      .text("record_type", record_type_name(record.type))
      .number("txid", record.txid);
  return json;
}

}  // namespace datawal::cli
