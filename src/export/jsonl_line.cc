#include "export/jsonl_line.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/try.h"
#include "datawal/frame.h"

namespace datawal {
namespace {

constexpr std::string_view kKeyField = "key_b64";
constexpr std::string_view kValueField = "value_b64";

Error parse_error(std::string message) {
  return {.code = ErrorCode::kParse, .message = std::move(message)};
}

// Takes the events of one line and keeps the two fields. Whatever else comes ends the parse at
// once, so that nesting costs nothing.
class LineHandler {
 public:
  bool Null() { return refuse("null"); }
  bool Bool(bool) { return refuse("a boolean"); }
  bool Int(int) { return refuse("a number"); }
  bool Uint(unsigned) { return refuse("a number"); }
  bool Int64(std::int64_t) { return refuse("a number"); }
  bool Uint64(std::uint64_t) { return refuse("a number"); }
  bool Double(double) { return refuse("a number"); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return refuse("a number"); }
  bool StartArray() { return refuse("an array"); }
  bool EndArray(rapidjson::SizeType) { return true; }
  bool EndObject(rapidjson::SizeType) { return true; }

  bool StartObject() {
    if (in_object_) return refuse("an object");
    in_object_ = true;
    return true;
  }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view name(text, size);
    field_ = name == kKeyField ? &key_ : name == kValueField ? &value_ : nullptr;
    if (field_ == nullptr) {
      return fail("unknown field \"" + std::string(name.substr(0, 64)) + "\"");
    }
    return !*field_ || fail("field \"" + std::string(name) + "\" is there twice");
  }

  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (!in_object_) return refuse("a string");
    *field_ = base64_decode({text, size});
    return *field_ || fail(field_name() + " is not standard base64 with padding");
  }

  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] std::optional<Bytes>& key() { return key_; }
  [[nodiscard]] std::optional<Bytes>& value() { return value_; }

 private:
  bool fail(std::string message) {
    failure_ = std::move(message);
    return false;
  }

  bool refuse(std::string_view found) {
    return fail("expected " + (in_object_ ? field_name() + " to be a string" : "an object") +
                ", found " + std::string(found));
  }

  [[nodiscard]] std::string field_name() const {
    return std::string(field_ == &key_ ? kKeyField : kValueField);
  }

  bool in_object_ = false;
  std::optional<Bytes>* field_ = nullptr;
  std::optional<Bytes> key_;
  std::optional<Bytes> value_;
  std::string failure_;
};

}  // namespace

void append_jsonl_line(std::string& text, ByteView key, ByteView value) {
  constexpr std::string_view kBegin = "{\"key_b64\":\"";
  constexpr std::string_view kMiddle = "\",\"value_b64\":\"";
  constexpr std::string_view kEnd = "\"}\n";
  const std::size_t start = text.size();
  const std::size_t size = start + kBegin.size() + base64_size(key.size()) + kMiddle.size() +
                           base64_size(value.size()) + kEnd.size();
  if (text.capacity() < size) text.reserve(std::max(size, 2 * text.capacity()));
  text.resize_and_overwrite(size, [&](char* const out, std::size_t count) {
    char* at = std::ranges::copy(kBegin, out + start).out;
    at = base64_encode_to(at, key);
    at = std::ranges::copy(kMiddle, at).out;
    at = base64_encode_to(at, value);
    std::ranges::copy(kEnd, at);
    return count;
  });
}

Result<KeyAndValue> parse_jsonl_line(std::string_view line) {
  constexpr unsigned kFlags =
      rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream stream(line.data(), line.size());
  rapidjson::Reader reader;
  LineHandler handler;
  const rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, handler);
  if (!handler.failure().empty()) return std::unexpected(parse_error(handler.failure()));
  if (parsed.IsError()) {
    return std::unexpected(parse_error(std::string("not a JSON object: ") +
                                       rapidjson::GetParseError_En(parsed.Code()) + " (column " +
                                       std::to_string(parsed.Offset() + 1) + ")"));
  }
  if (!handler.key() || !handler.value()) {
    return std::unexpected(parse_error(
        "field \"" + std::string(handler.key() ? kValueField : kKeyField) + "\" is missing"));
  }
  DATAWAL_TRY(check_record_size(*handler.key(), *handler.value()));
  return KeyAndValue{*std::move(handler.key()), *std::move(handler.value())};
}

}  // namespace datawal
