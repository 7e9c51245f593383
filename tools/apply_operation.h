// One operation of `apply`, as a line of JSON.
//
//   {"op":"put","key":"cursor","value_b64":"NDI="}
#pragma once

#include <string_view>

#include "datawal/bytes.h"
#include "datawal/error.h"

namespace datawal::cli {

enum class OperationKind { kPut, kDelete, kAppend, kSync, kRotate };

// "put" and so on, as in the field "op".
[[nodiscard]] std::string_view operation_name(OperationKind kind);

struct Operation {
  OperationKind kind = OperationKind::kSync;
  Bytes key = {};
  Bytes value = {};
};

// Strict: an object whose fields are "op" and exactly those that the operation needs, each once;
// "key" and "value" are text, "key_b64" and "value_b64" base64. Fails with kParse.
[[nodiscard]] Result<Operation> parse_operation(std::string_view line);

}  // namespace datawal::cli
