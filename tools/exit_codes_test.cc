#include "tools/exit_codes.h"

#include <gtest/gtest.h>

#include <array>

namespace datawal::cli::exit_codes_test {
namespace {

TEST(ExitCodes, EveryErrorHasOne) {
  int count = 0;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kParse); ++code, ++count) {
    const ExitCode exit_code = exit_code_of(static_cast<ErrorCode>(code));
    EXPECT_NE(exit_code, ExitCode::kSuccess);
    EXPECT_NE(exit_code, ExitCode::kTailDamage) << "a torn tail is no error";
  }
  EXPECT_EQ(count, 24) << "an error code has come or gone: give it an exit code";
}

TEST(ExitCodes, AreTheDocumentedOnes) {
  EXPECT_EQ(exit_code_of(ErrorCode::kGap), ExitCode::kNegative);
  EXPECT_EQ(exit_code_of(ErrorCode::kInvalidArgument), ExitCode::kUsage);
  EXPECT_EQ(exit_code_of(ErrorCode::kParse), ExitCode::kUsage);
  EXPECT_EQ(exit_code_of(ErrorCode::kCrcMismatch), ExitCode::kCorruption);
  EXPECT_EQ(exit_code_of(ErrorCode::kLocked), ExitCode::kLocked);
  EXPECT_EQ(exit_code_of(ErrorCode::kNotFound), ExitCode::kEnvironment);
  EXPECT_EQ(exit_code_of(ErrorCode::kUnsupportedVersion), ExitCode::kUnsupportedFormat);
}

TEST(ExitCodes, TheGraverWinsInEitherOrder) {
  constexpr std::array kByGravity = {ExitCode::kSuccess,    ExitCode::kTailDamage,
                                     ExitCode::kNegative,   ExitCode::kUsage,
                                     ExitCode::kLocked,     ExitCode::kUnsupportedFormat,
                                     ExitCode::kCorruption, ExitCode::kEnvironment};
  for (std::size_t low = 0; low < kByGravity.size(); ++low) {
    for (std::size_t high = low; high < kByGravity.size(); ++high) {
      EXPECT_EQ(graver(kByGravity[low], kByGravity[high]), kByGravity[high]);
      EXPECT_EQ(graver(kByGravity[high], kByGravity[low]), kByGravity[high]);
    }
  }
}

}  // namespace
}  // namespace datawal::cli::exit_codes_test
