#include "segment/decode_error.h"

#include <gtest/gtest.h>

namespace datawal::decode_error_test {
namespace {

TEST(DecodeError, ATruncatedFrameSaysWhatIsThereAndWhatIsNot) {
  const DecodeOutcome outcome = Truncated{10, 24};
  EXPECT_EQ(decode_error_code(outcome), ErrorCode::kTruncated);
  EXPECT_EQ(decode_error_text(outcome), "truncated record, 10 bytes of 24 are there");
}

TEST(DecodeError, ACrcMismatchShowsBothChecksumsInEightDigits) {
  const DecodeOutcome outcome = CrcMismatch{33, 0x00AB'CDEF, 0xFFFF'FFFF};
  EXPECT_EQ(decode_error_code(outcome), ErrorCode::kCrcMismatch);
  EXPECT_EQ(decode_error_text(outcome),
            "CRC mismatch over 33 bytes, stored 00abcdef, computed ffffffff");
}

TEST(DecodeError, WhatANewerFormatCouldHaveIsAnUnsupportedVersion) {
  for (const StructuralField field :
       {StructuralField::kVersion, StructuralField::kRecordType, StructuralField::kFlags}) {
    EXPECT_EQ(decode_error_code(StructuralError{field, 9}), ErrorCode::kUnsupportedVersion);
  }
}

TEST(DecodeError, WhatNoFormatCouldHaveIsStructural) {
  for (const StructuralField field :
       {StructuralField::kMagic, StructuralField::kKeySize, StructuralField::kPayloadSize}) {
    EXPECT_EQ(decode_error_code(StructuralError{field, 9}), ErrorCode::kStructural);
  }
}

TEST(DecodeError, AStructuralErrorNamesItsField) {
  EXPECT_EQ(decode_error_text(StructuralError{StructuralField::kVersion, 51'966}),
            "unknown wire version 51966 (this build supports 1)");
}

TEST(DecodeError, AFrameIsNoError) {
  EXPECT_EQ(decode_error_text(DecodedFrame{}), "a valid record");
}

}  // namespace
}  // namespace datawal::decode_error_test
