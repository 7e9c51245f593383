// What get() says of a record that is not the one that was written: never another value.
#include <functional>

#include "datawal/data_wal.h"
#include "log/log_test_support.h"

namespace datawal::data_wal_damage_test {
namespace {

using test::must;
using test::put_frame;
using ::testing::HasSubstr;

constexpr std::string_view kKey = "alpha";
constexpr std::string_view kValue = "the value";
constexpr std::uint64_t kOffset = 29;  // behind the record of another key

struct DamageCase {
  std::string_view name;
  ErrorCode code;
  std::function<void(Bytes&)> damage;  // of the segment
};

void PrintTo(const DamageCase& instance, std::ostream* stream) {
  *stream << instance.name;
}

void replace_record(Bytes& segment, const Bytes& frame) {
  segment.resize(kOffset);
  segment.insert(segment.end(), frame.begin(), frame.end());
}

auto flipping(std::uint64_t offset_in_frame) {
  return [=](Bytes& segment) { segment[kOffset + offset_in_frame] ^= std::byte{0x40}; };
}

auto replacing_by(const Bytes& frame) {
  return [=](Bytes& segment) { replace_record(segment, frame); };
}

class DataWalDamage : public test::SimulatedLog, public ::testing::WithParamInterface<DamageCase> {
 protected:
  DataWalDamage() {
    store_.emplace(must(DataWal::open(kStore, options_)));
    must(store_->put(as_bytes("b"), {}));
    must(store_->put(as_bytes(kKey), as_bytes(kValue)));
    Bytes bytes = segment(1);
    GetParam().damage(bytes);
    write_segment(1, bytes);
  }

  static void expect_told(const std::optional<Error>& error) {
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, GetParam().code) << error->to_string();
    EXPECT_EQ(error->segment, SegmentId{1});
    EXPECT_EQ(error->offset, kOffset);
    EXPECT_THAT(error->message, HasSubstr("datawal verify"));
  }
  template <typename T>
  static std::optional<Error> error_of(const Result<T>& result) {
    return result ? std::nullopt : std::optional(result.error());
  }

  std::optional<DataWal> store_;
};

TEST_P(DataWalDamage, IsToldByEverythingThatGetsTheRecord) {
  expect_told(error_of(store_->get(as_bytes(kKey))));
  expect_told(error_of(store_->contains_key(as_bytes(kKey))));
  expect_told(error_of(store_->ref_of(as_bytes(kKey))));
  expect_told(error_of(store_->compact_to("copy")));
  expect_told(error_of(store_->export_jsonl("copy.jsonl")));
  EXPECT_FALSE(filesystem_.exists("copy"));
  EXPECT_FALSE(filesystem_.exists("copy.jsonl"));
  EXPECT_EQ(must(store_->get(as_bytes("b")))->text(), "");
}

INSTANTIATE_TEST_SUITE_P(
    , DataWalDamage,
    ::testing::Values(
        DamageCase{"InTheValue", ErrorCode::kCrcMismatch, flipping(kFrameHeaderSize + 7)},
        DamageCase{"InTheChecksum", ErrorCode::kCrcMismatch, flipping(kFrameHeaderSize + 15)},
        DamageCase{"InTheMagic", ErrorCode::kStructural, flipping(0)},
        DamageCase{"InTheVersion", ErrorCode::kUnsupportedVersion, flipping(4)},
        DamageCase{"InTheType", ErrorCode::kUnsupportedVersion, flipping(6)},
        DamageCase{"InTheFlags", ErrorCode::kUnsupportedVersion, flipping(7)},
        DamageCase{"InTheHighestByteOfALength", ErrorCode::kStructural, flipping(23)},
        DamageCase{"TheEndIsMissing", ErrorCode::kShortRead,
                   [](Bytes& segment) { segment.pop_back(); }},
        DamageCase{"AllOfItIsMissing", ErrorCode::kShortRead,
                   [](Bytes& segment) { segment.resize(kOffset); }},
        DamageCase{"ATombstoneInItsPlace", ErrorCode::kNotAPut,
                   replacing_by(test::frame_of({RecordType::kDelete, 2, as_bytes(kKey),
                                                as_bytes(kValue)}))},
        DamageCase{
            "ARawRecordInItsPlace", ErrorCode::kNotAPut,
            replacing_by(test::frame_of({RecordType::kRaw, 2, as_bytes(kKey), as_bytes(kValue)}))},
        DamageCase{"AnotherKeyInItsPlace", ErrorCode::kKeyMismatch,
                   replacing_by(put_frame(2, "gamma", kValue))},
        DamageCase{"ALongerRecordInItsPlace", ErrorCode::kLengthMismatch,
                   replacing_by(put_frame(2, kKey, std::string(500, 'x')))}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace datawal::data_wal_damage_test
