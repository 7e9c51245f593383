#include "tools/json_line.h"

#include "base/base64.h"
#include "tools/render.h"

namespace datawal::cli {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The number of bytes of the UTF-8 sequence at the front of `text`, or 0 if there is none.
std::size_t utf8_sequence_size(std::string_view text) {
  const auto byte = [text](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80                     ? 1
                           : first >= 0xC2 && first <= 0xDF ? 2
                           : first >= 0xE0 && first <= 0xEF ? 3
                           : first >= 0xF0 && first <= 0xF4 ? 4
                                                            : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t index = 1; index < size; ++index) {
    if ((byte(index) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return size;
}

void append_escaped(std::string& line, char character) {
  const auto code = static_cast<unsigned char>(character);
  switch (character) {
    case '"':
      line += "\\\"";
      return;
    case '\\':
      line += "\\\\";
      return;
    case '\n':
      line += "\\n";
      return;
    case '\r':
      line += "\\r";
      return;
    case '\t':
      line += "\\t";
      return;
    default:
      break;
  }
  if (code >= 0x20) {
    line += character;
    return;
  }
  line += "\\u00";
  append_hex(line, as_bytes(std::string_view(&character, 1)));
}

}  // namespace

void append_json_string(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    if (size == 1) {
      append_escaped(line, text.front());
    } else {
      line.append(size == 0 ? kReplacement : text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  line += '"';
}

JsonLine::JsonLine() : line_("{") {}

JsonLine::JsonLine(std::string_view kind) : JsonLine() {
  text("schema", kSchema);
  text("kind", kind);
}

void JsonLine::name(std::string_view name) {
  if (line_.size() > 1) line_ += ',';
  line_.append("\"").append(name).append("\":");
}

JsonLine& JsonLine::text(std::string_view name, std::string_view value) {
  this->name(name);
  append_json_string(line_, value);
  return *this;
}

JsonLine& JsonLine::texts(std::string_view name, std::span<const std::string> values) {
  this->name(name);
  line_ += '[';
  for (const std::string& value : values) {
    if (line_.back() != '[') line_ += ',';
    append_json_string(line_, value);
  }
  line_ += ']';
  return *this;
}

JsonLine& JsonLine::number(std::string_view name, std::uint64_t value) {
  this->name(name);
  append_number(line_, value);
  return *this;
}

JsonLine& JsonLine::number(std::string_view name, std::optional<std::uint64_t> value) {
  if (value) return number(name, *value);
  this->name(name);
  line_ += "null";
  return *this;
}

JsonLine& JsonLine::decimal(std::string_view name, double value) {
  this->name(name);
  line_ += decimal_text(value, 3);
  return *this;
}

JsonLine& JsonLine::boolean(std::string_view name, bool value) {
  this->name(name);
  line_ += value ? "true" : "false";
  return *this;
}

JsonLine& JsonLine::base64(std::string_view name, ByteView value) {
  this->name(name);
  line_ += '"';
  base64_append(line_, value);
  line_ += '"';
  return *this;
}

std::string_view JsonLine::finish() {
  line_ += "}\n";
  return line_;
}

}  // namespace datawal::cli
