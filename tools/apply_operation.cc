#include "tools/apply_operation.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/try.h"

namespace datawal::cli {
namespace {

struct OperationRule {
  OperationKind kind;
  std::string_view name;
  bool has_key;
  bool has_value;
};

constexpr std::array<OperationRule, 5> kRules = {{
    {.kind = OperationKind::kPut, .name = "put", .has_key = true, .has_value = true},
    {.kind = OperationKind::kDelete, .name = "delete", .has_key = true, .has_value = false},
    {.kind = OperationKind::kAppend, .name = "append", .has_key = false, .has_value = true},
    {.kind = OperationKind::kSync, .name = "sync", .has_key = false, .has_value = false},
    {.kind = OperationKind::kRotate, .name = "rotate", .has_key = false, .has_value = false},
}};

std::unexpected<Error> malformed(std::string message) {
  return std::unexpected(Error{.code = ErrorCode::kParse, .message = std::move(message)});
}

// Takes the fields of one flat object of strings, and stops at anything else.
class FieldHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, FieldHandler> {
 public:
  // What is neither an object nor a string.
  bool Default() { return refuse("every field must be a string"); }
  bool StartArray() { return Default(); }

  bool StartObject() {
    if (in_object_) return Default();
    in_object_ = true;
    return true;
  }

  bool EndObject(rapidjson::SizeType /*field_count*/) { return true; }

  bool Key(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    const std::string_view name(text, size);
    field_ = name == "op"          ? &op
             : name == "key"       ? &key
             : name == "key_b64"   ? &key_base64
             : name == "value"     ? &value
             : name == "value_b64" ? &value_base64
                                   : nullptr;
    if (field_ == nullptr) return refuse("unknown field '" + std::string(name) + "'");
    if (*field_) return refuse("field '" + std::string(name) + "' is there twice");
    return true;
  }

  bool String(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    if (field_ == nullptr) return refuse("an operation is a JSON object");
    field_->emplace(text, size);
    return true;
  }

  std::optional<std::string> op;
  std::optional<std::string> key;
  std::optional<std::string> key_base64;
  std::optional<std::string> value;
  std::optional<std::string> value_base64;
  std::string refusal;

 private:
  bool refuse(std::string reason) {
    refusal = in_object_ ? std::move(reason) : "an operation is a JSON object";
    return false;
  }

  bool in_object_ = false;
  std::optional<std::string>* field_ = nullptr;
};

Status read_fields(std::string_view line, FieldHandler& fields) {
  // The parser would take this character for the end of its input.
  if (line.find('\0') != std::string_view::npos) return malformed("a NUL character in the line");
  rapidjson::MemoryStream stream(line.data(), line.size());
  rapidjson::Reader reader;
  constexpr unsigned kStrict =
      rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  const rapidjson::ParseResult result = reader.Parse<kStrict>(stream, fields);
  if (!result.IsError()) return {};
  if (!fields.refusal.empty()) return malformed(fields.refusal);
  return malformed(std::string("not JSON at byte ") + std::to_string(result.Offset() + 1) + ": " +
                   rapidjson::GetParseError_En(result.Code()));
}

// The bytes of a field that comes as text or in base64.
struct FieldForms {
  std::string_view name;
  const std::optional<std::string>& text;
  const std::optional<std::string>& base64;
};

Result<Bytes> decode_field(const FieldForms& field, bool is_wanted, std::string_view op) {
  const std::string name(field.name);
  if (!is_wanted && (field.text || field.base64)) {
    return malformed("'" + std::string(op) + "' takes no " + name);
  }
  if (!is_wanted) return Bytes();
  if (field.text.has_value() == field.base64.has_value()) {
    return malformed("'" + std::string(op) + "' needs exactly one of '" + name + "' and '" + name +
                     "_b64'");
  }
  if (field.text) return to_bytes(as_bytes(*field.text));
  std::optional<Bytes> bytes = base64_decode(*field.base64);
  if (bytes) return *std::move(bytes);
  return malformed("'" + name + "_b64' is not standard base64 with padding");
}

}  // namespace

std::string_view operation_name(OperationKind kind) {
  return kRules[static_cast<std::size_t>(std::to_underlying(kind))].name;
}

Result<Operation> parse_operation(std::string_view line) {
  FieldHandler fields;
  DATAWAL_TRY(read_fields(line, fields));
  if (!fields.op) return malformed("the field 'op' is missing");
  for (const OperationRule& rule : kRules) {
    if (rule.name != *fields.op) continue;
    Operation operation = {.kind = rule.kind};
    DATAWAL_TRY_ASSIGN(
        operation.key,
        decode_field({.name = "key", .text = fields.key, .base64 = fields.key_base64}, rule.has_key,
                     rule.name));
    DATAWAL_TRY_ASSIGN(
        operation.value,
        decode_field({.name = "value", .text = fields.value, .base64 = fields.value_base64},
                     rule.has_value, rule.name));
    return operation;
  }
  return malformed("unknown operation '" + *fields.op + "'");
}

}  // namespace datawal::cli
