// Early return of errors: the one place where control flow hides in a macro.
#pragma once

#include <utility>

#define DATAWAL_CONCAT_INNER(a, b) a##b
#define DATAWAL_CONCAT(a, b) DATAWAL_CONCAT_INNER(a, b)

// Evaluates a Result or Status and returns its error from the enclosing function, if it has one.
#define DATAWAL_TRY(expression)                              \
  do {                                                       \
    if (auto try_status = (expression); !try_status) {       \
      return std::unexpected(std::move(try_status).error()); \
    }                                                        \
  } while (false)

// Declares or assigns `target` from the value of a Result, or returns its error. Several
// statements: use it only inside braces.
#define DATAWAL_TRY_ASSIGN(target, expression) \
  DATAWAL_TRY_ASSIGN_INNER(DATAWAL_CONCAT(try_result_, __LINE__), target, expression)
#define DATAWAL_TRY_ASSIGN_INNER(result, target, expression)      \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  target = *std::move(result)
