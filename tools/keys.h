// The key of a command: --key, --key-hex or --key-base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "datawal/bytes.h"
#include "datawal/error.h"

namespace CLI {
class App;
}  // namespace CLI

namespace datawal::cli {

struct KeyArguments {
  std::optional<std::string> text;
  std::optional<std::string> hex;
  std::optional<std::string> base64;
};
void add_key_options(CLI::App& app, KeyArguments& target);

// The key that exactly one of the three gives. Fails with kInvalidArgument and kTooLarge.
[[nodiscard]] Result<Bytes> decode_key(const KeyArguments& arguments);

// The bytes of an even number of hexadecimal digits of either case.
[[nodiscard]] Result<Bytes> decode_hex(std::string_view text);

}  // namespace datawal::cli
