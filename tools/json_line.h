// One JSON object on one line, its fields in the order in which they are added.
//
//   JsonLine line("miss");
//   line.base64("key_base64", key);
//   session.out.write(line.finish());
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "datawal/bytes.h"

namespace datawal::cli {

class JsonLine {
 public:
  // An object without fields.
  JsonLine();
  // Begins with "schema":"datawal.cli.v1","kind":<kind>.
  explicit JsonLine(std::string_view kind);

  // `value` as text; what is not UTF-8 in it becomes U+FFFD.
  JsonLine& text(std::string_view name, std::string_view value);
  JsonLine& texts(std::string_view name, std::span<const std::string> values);
  JsonLine& number(std::string_view name, std::uint64_t value);
  // A number, or null.
  JsonLine& number(std::string_view name, std::optional<std::uint64_t> value);
  // With three digits behind the point.
  JsonLine& decimal(std::string_view name, double value);
  JsonLine& boolean(std::string_view name, bool value);
  JsonLine& base64(std::string_view name, ByteView value);

  // The whole line with its line feed. Valid as long as this is; nothing can be added afterwards.
  [[nodiscard]] std::string_view finish();

 private:
  void name(std::string_view name);

  std::string line_;
};

// Appends `text` as a JSON string with its quotes; what is not UTF-8 in it becomes U+FFFD.
void append_json_string(std::string& line, std::string_view text);

}  // namespace datawal::cli
