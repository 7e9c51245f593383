// The operations of `apply --atomic`: one batch, and what is to be said of each once it is durable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datawal/write_batch.h"
#include "tools/apply_operation.h"

namespace datawal::cli {

class OperationBatch {
 public:
  // Adds an operation, of the line of this number. Fails with kInvalidArgument for those that write
  // no record, and as WriteBatch does.
  [[nodiscard]] Status add(const Operation& operation, std::uint64_t line_number);

  [[nodiscard]] const WriteBatch& batch() const { return batch_; }
  // A line for each operation.
  [[nodiscard]] std::string acknowledgements(const AppendedBatch& appended) const;

 private:
  struct Line {
    OperationKind kind;
    std::uint64_t number;
  };

  WriteBatch batch_;
  std::vector<Line> lines_;
};

}  // namespace datawal::cli
