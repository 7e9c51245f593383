#include "format/backup_manifest.h"

#include <gtest/gtest.h>

#include <string>

#include "base/endian.h"

namespace datawal::backup_manifest_test {
namespace {

BackupManifest sample() {
  return {{.id = SegmentId{3},
           .contents = {.size = 0x0102030405060708,
                        .records = 9,
                        .first_txid = 10,
                        .last_txid = 18,
                        .first_frame_crc = 0xAABBCCDD,
                        .last_frame_crc = 0x11223344,
                        .digest = 0x55667788},
           .source = {.device = 1, .inode = 2, .size = 3, .modified_ns = -4}},
          {.id = SegmentId{99'999'999}, .contents = {}, .source = {}}};
}

std::string hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

// `bytes` with a checksum that holds.
Bytes sealed(Bytes bytes) {
  const std::size_t covered = bytes.size() - 4;
  store_le(bytes.data() + covered, crc32c(ByteView(bytes).first(covered)));
  return bytes;
}

TEST(BackupManifest, HasTheseBytes) {
  const Bytes file = encode_backup_manifest({sample().front()});
  EXPECT_EQ(hex(ByteView(file).first(96)),
            "4457414c424b5550"    // magic
            "0100000001000000"    // version, count
            "0300000088776655"    // id, digest
            "0807060504030201"    // size
            "0900000000000000"    // records
            "0a00000000000000"    // first txid
            "1200000000000000"    // last txid
            "ddccbbaa44332211"    // CRCs of the first and the last frame
            "0100000000000000"    // device
            "0200000000000000"    // inode
            "0300000000000000"    // size of the source
            "fcffffffffffffff");  // modified
  EXPECT_EQ(file.size(), 100U);
}

TEST(BackupManifest, ReadsWhatItHasWritten) {
  EXPECT_EQ(decode_backup_manifest(encode_backup_manifest(sample())), sample());
  EXPECT_EQ(decode_backup_manifest(encode_backup_manifest({})), BackupManifest{});
}

TEST(BackupManifest, BelievesNothingThatIsCutExtendedOrDamaged) {
  const Bytes whole = encode_backup_manifest(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_backup_manifest(ByteView(whole).first(size))) << size;
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_backup_manifest(longer));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes damaged = whole;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(decode_backup_manifest(damaged)) << bit;
  }
}

TEST(BackupManifest, TakesOnlySegmentsInOrderWithPossibleIds) {
  BackupManifest manifest = sample();
  std::swap(manifest[0], manifest[1]);
  EXPECT_FALSE(decode_backup_manifest(encode_backup_manifest(manifest)));
  manifest[1] = manifest[0];
  EXPECT_FALSE(decode_backup_manifest(encode_backup_manifest(manifest)));
  EXPECT_FALSE(decode_backup_manifest(encode_backup_manifest({{.id = SegmentId{100'000'000}}})));
}

TEST(BackupManifest, AsksForNoMoreMemoryThanTheFileHasRoomFor) {
  Bytes file = encode_backup_manifest({});
  store_le(file.data() + 12, std::uint32_t{0xFFFFFFFF});
  EXPECT_FALSE(decode_backup_manifest(sealed(file)));
}

}  // namespace
}  // namespace datawal::backup_manifest_test
