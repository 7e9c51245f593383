// Frames: both implementations encode the same bytes, and say the same of any bytes they decode.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "datawal/frame.h"
#include "driver_process.h"
#include "notation.h"
#include "parameters.h"
#include "workload.h"

namespace datawal::compat::frame_test {
namespace {

constexpr std::array<RecordType, 3> kTypes = {RecordType::kRaw, RecordType::kPut,
                                              RecordType::kDelete};

struct Sample {
  RecordType type = RecordType::kRaw;
  Txid txid = 1;
  Blob key = {};
  Blob payload = {};

  [[nodiscard]] std::string command() const {
    return "encode " + std::string(record_type_name(type)) + ' ' + std::to_string(txid) + ' ' +
           key.word + ' ' + payload.word;
  }
  // As this library encodes it.
  [[nodiscard]] Bytes frame() const {
    const Bytes key_bytes = parse_bytes(key.word);
    const Bytes payload_bytes = parse_bytes(payload.word);
    Bytes buffer(frame_size(key_bytes.size(), payload_bytes.size()));
    const Result<std::size_t> size = encode_frame(buffer, {type, txid, key_bytes, payload_bytes});
    EXPECT_TRUE(size && *size == buffer.size());
    return buffer;
  }
};

Sample random_sample(Random& random, std::size_t size_limit) {
  return {.type = kTypes[random.below(kTypes.size())],
          .txid = random.next() >> random.below(64),
          .key = make_key(random.next(), random.below(size_limit)),
          .payload = make_payload(random.next(), random.below(size_limit))};
}

class FrameTest : public testing::TestWithParam<Implementation> {
 protected:
  void expect_same_encoding(const Sample& sample) {
    EXPECT_EQ(crate_.ask(sample.command()), "ok " + show(sample.frame())) << sample.command();
  }

  void expect_same_decoding(ByteView bytes, const std::string& what) {
    const std::string word = bytes.empty() ? "-" : hex(bytes);
    EXPECT_EQ("ok " + show(decode_frame(bytes)), crate_.ask("decode " + word))
        << what << ": " << word;
  }

  DriverProcess crate_{GetParam()};
};

TEST_P(FrameTest, EncodesTheSameBytes) {
  constexpr std::uint64_t kSeed = 11;
  Random random(kSeed);
  for (int index = 0; index < 2000; ++index) {
    SCOPED_TRACE("seed 11, frame " + std::to_string(index));
    expect_same_encoding(random_sample(random, index % 20 == 0 ? 60000 : 300));
  }
}

TEST_P(FrameTest, EncodesTheSameBytesAtTheLimits) {
  for (const RecordType type : kTypes) {
    for (const Txid txid : {Txid{0}, Txid{1}, ~Txid{0}}) {
      expect_same_encoding({.type = type, .txid = txid});
    }
    expect_same_encoding({.type = type, .key = make_key(1, kKeySizeMax)});
  }
  expect_same_encoding({.type = RecordType::kPut,
                        .key = make_key(2, kKeySizeMax),
                        .payload = make_payload(3, kPayloadSizeMax)});
}

TEST_P(FrameTest, RefusesTheSameSizes) {
  const Bytes key(kKeySizeMax + 1);
  EXPECT_EQ(check_record_size(key, {}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(crate_.ask("encode Put 1 1:65537 -"),
            "err datawal: key_len 65537 exceeds MAX_KEY_LEN 65536");
  const Bytes payload(kPayloadSizeMax + 1);
  EXPECT_EQ(check_record_size({}, payload).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(crate_.ask("encode Put 1 - 1:67108865"),
            "err datawal: payload_len 67108865 exceeds MAX_PAYLOAD_LEN 67108864");
}

TEST_P(FrameTest, DecodesEveryTruncationAlike) {
  Random random(12);
  for (int index = 0; index < 6; ++index) {
    const Bytes frame = random_sample(random, 40).frame();
    for (std::size_t size = 0; size <= frame.size(); ++size) {
      expect_same_decoding(ByteView(frame).first(size), "cut to " + std::to_string(size));
    }
  }
}

TEST_P(FrameTest, DecodesEveryFlippedBitAlike) {
  Random random(13);
  for (int index = 0; index < 4; ++index) {
    Bytes frame = random_sample(random, 24).frame();
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
      const std::byte mask = std::byte{1} << static_cast<int>(bit % 8);
      frame[bit / 8] ^= mask;
      expect_same_decoding(frame, "bit " + std::to_string(bit) + " flipped");
      frame[bit / 8] ^= mask;
    }
  }
}

TEST_P(FrameTest, DecodesMangledFramesAlike) {
  constexpr std::uint64_t kSeed = 14;
  Random random(kSeed);
  for (int index = 0; index < 3000; ++index) {
    SCOPED_TRACE("seed 14, buffer " + std::to_string(index));
    Bytes bytes = random_sample(random, 60).frame();
    // Mostly the header is hit, where the checks are.
    for (std::uint64_t hits = random.below(4); hits-- > 0;) {
      const std::uint64_t range = random.chance(70) ? kFrameHeaderSize : bytes.size();
      bytes[random.below(range)] = static_cast<std::byte>(random.next() & 0xFFU);
    }
    bytes.resize(random.below(4) == 0 ? random.below(bytes.size() + 1) : bytes.size());
    expect_same_decoding(bytes, "mangled");
  }
}

INSTANTIATE_TEST_SUITE_P(Crates, FrameTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::frame_test
