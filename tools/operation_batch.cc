#include "tools/operation_batch.h"

#include <utility>

#include "base/try.h"
#include "tools/json_line.h"

namespace datawal::cli {

Status OperationBatch::add(const Operation& operation, std::uint64_t line_number) {
  switch (operation.kind) {
    case OperationKind::kPut:
      DATAWAL_TRY(batch_.put(operation.key, operation.value));
      break;
    case OperationKind::kDelete:
      DATAWAL_TRY(batch_.remove(operation.key));
      break;
    case OperationKind::kAppend:
      DATAWAL_TRY(batch_.append(operation.value));
      break;
    case OperationKind::kSync:
    case OperationKind::kRotate:
      return std::unexpected(
          Error{.code = ErrorCode::kInvalidArgument,
                .message = "'" + std::string(operation_name(operation.kind)) +
                           "' cannot be among the operations of --atomic; nothing was applied"});
  }
  lines_.push_back({operation.kind, line_number});
  return {};
}

std::string OperationBatch::acknowledgements(const AppendedBatch& appended) const {
  std::string text;
  for (std::size_t index = 0; index < lines_.size(); ++index) {
    const RecordView record = batch_[index];
    JsonLine line;
    line.text("op", operation_name(lines_[index].kind))
        .number("line", lines_[index].number)
        .number("txid", appended.first_txid + index)
        .number("segment", std::to_underlying(appended.segment))
        .number("offset", appended.offset + batch_.frame_offset(index))
        .number("len", frame_size(record.key.size(), record.payload.size()))
        .boolean("durable", true);
    text += line.finish();
  }
  return text;
}

}  // namespace datawal::cli
