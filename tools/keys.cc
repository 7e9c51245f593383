#include "tools/keys.h"

#include <utility>

#include "base/base64.h"
#include "base/try.h"
#include "datawal/frame.h"
#include "tools/arguments.h"

namespace datawal::cli {
namespace {

constexpr std::string_view kExactlyOne = "pass exactly one of --key, --key-base64, or --key-hex";

std::unexpected<Error> invalid(std::string message) {
  return std::unexpected(Error{.code = ErrorCode::kInvalidArgument, .message = std::move(message)});
}

std::optional<unsigned> hex_digit(char character) {
  if (character >= '0' && character <= '9') return static_cast<unsigned>(character - '0');
  if (character >= 'a' && character <= 'f') return static_cast<unsigned>(character - 'a') + 10;
  if (character >= 'A' && character <= 'F') return static_cast<unsigned>(character - 'A') + 10;
  return std::nullopt;
}

Result<Bytes> decode_one(const KeyArguments& arguments) {
  if (arguments.text) return to_bytes(as_bytes(*arguments.text));
  if (arguments.hex) return decode_hex(*arguments.hex);
  std::optional<Bytes> key = base64_decode(*arguments.base64);
  if (key) return *std::move(key);
  return invalid("invalid --key-base64: '" + *arguments.base64 +
                 "' is not standard base64 with padding");
}

}  // namespace

void add_key_options(CLI::App& app, KeyArguments& target) {
  add_text(app, {.names = "--key", .description = "The key, as it is", .value = "TEXT"},
           target.text);
  add_text(app, {.names = "--key-hex", .description = "The key in hexadecimal", .value = "HEX"},
           target.hex);
  add_text(app,
           {.names = "--key-base64", .description = "The key in standard base64", .value = "B64"},
           target.base64);
}

Result<Bytes> decode_key(const KeyArguments& arguments) {
  const int given = (arguments.text ? 1 : 0) + (arguments.hex ? 1 : 0) + (arguments.base64 ? 1 : 0);
  if (given == 0) return invalid(std::string(kExactlyOne));
  if (given > 1) {
    return invalid(std::string(arguments.text ? "--key" : "--key-hex") + " cannot be used with " +
                   (arguments.text && arguments.hex ? "--key-hex" : "--key-base64") + "; " +
                   std::string(kExactlyOne));
  }
  DATAWAL_TRY_ASSIGN(Bytes key, decode_one(arguments));
  DATAWAL_TRY(check_record_size(key, {}));
  return key;
}

Result<Bytes> decode_hex(std::string_view text) {
  for (const char character : text) {
    if (!hex_digit(character)) {
      return invalid(std::string("invalid --key-hex: non-hex byte '") + character + "'");
    }
  }
  if (text.size() % 2 != 0) return invalid("invalid --key-hex: odd length");
  Bytes bytes(text.size() / 2);
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    bytes[index] =
        static_cast<std::byte>(*hex_digit(text[2 * index]) << 4 | *hex_digit(text[2 * index + 1]));
  }
  return bytes;
}

}  // namespace datawal::cli
