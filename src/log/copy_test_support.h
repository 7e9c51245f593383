// What the tests of checkpoints, backups and restored stores share.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "datawal/backup.h"
#include "datawal/maintenance.h"
#include "format/names.h"
#include "log/log_test_support.h"
#include "log/watermark_file.h"
#include "support/store_files.h"

namespace datawal::test {

// A log of three segments, the frames of which are known: puts of "a", "b" and "c" in turn.
class CopiedLog : public SimulatedLog {
 protected:
  static constexpr std::string_view kTarget = "target";

  // Appends the next `count` records.
  static void append(RecordLog& log, int count) {
    for (int index = 0; index < count; ++index) {
      const Txid txid = log.last_txid() + 1;
      const std::string key(1, static_cast<char>('a' + txid % 3));
      must(log.append_record(RecordType::kPut, as_bytes(key), as_bytes(std::to_string(txid))));
    }
  }
  // Segments with txids 1 to 4, 5 to 8 and 9 to 10.
  [[nodiscard]] RecordLog make_three_segments() {
    RecordLog log = open();
    append(log, 4);
    must(log.rotate());
    append(log, 4);
    must(log.rotate());
    append(log, 2);
    return log;
  }
  static std::vector<Txid> up_to(Txid last) {
    std::vector<Txid> txids;
    for (Txid txid = 1; txid <= last; ++txid) txids.push_back(txid);
    return txids;
  }

  [[nodiscard]] static Bytes frames(const std::vector<Txid>& txids) {
    Bytes bytes;
    for (const Txid txid : txids) {
      const std::string key(1, static_cast<char>('a' + txid % 3));
      const Bytes frame = put_frame(txid, key, std::to_string(txid));
      bytes.insert(bytes.end(), frame.begin(), frame.end());
    }
    return bytes;
  }
  // As a step of a compaction: other content under the same name, and then another segment goes.
  void replace_segment(std::uint32_t id, const std::vector<Txid>& txids) {
    const auto directory = must(filesystem_.open_directory(kStore));
    const auto file = must(directory->open("compacted", OpenMode::kCreateExclusive));
    must(file->write_at(0, frames(txids)));
    must(directory->rename("compacted", segment_name(SegmentId{id}), Replace::kYes));
  }
  void remove_segment(std::uint32_t id) {
    must(must(filesystem_.open_directory(kStore))->remove(segment_name(SegmentId{id})));
  }
  // Does `action` once, in the middle of the first sync of a file whose turn it is.
  void during_sync(int number, std::function<void()> action) {
    const auto left = std::make_shared<int>(number);  // the function is copied
    filesystem_.on_sync([left, action = std::move(action)] {
      if (--*left == 0) action();
    });
  }

  [[nodiscard]] Scan read(std::string_view store) const {
    return read_all(must(RecordLogReader::open(store, options_)).scan());
  }
  [[nodiscard]] std::vector<Txid> txids_in(std::string_view store) const {
    const Scan scan = read(store);
    EXPECT_FALSE(scan.error) << scan.error->to_string();
    EXPECT_EQ(scan.report.tail.kind, TailKind::kClean);
    return scan.txids();
  }
  [[nodiscard]] bool has_several_links(std::string_view store, std::uint32_t id) const {
    const auto opened = must(filesystem().open_directory(store))
                            ->open(segment_name(SegmentId{id}), OpenMode::kReadWrite);
    return !opened && opened.error().code == ErrorCode::kNotRegularFile;
  }
  [[nodiscard]] Bytes segment_of(std::string_view store, std::uint32_t id) const {
    return filesystem_.read_file(std::filesystem::path(store) / segment_name(SegmentId{id}))
        .value();
  }
  [[nodiscard]] std::vector<std::string> names_at(std::string_view path) const {
    return test::names_in(filesystem(), path);
  }
  // That nothing but `names` is beside the store.
  void expect_beside(const std::vector<std::string>& names) const {
    EXPECT_EQ(names_at("/"), names);
  }

 private:
  [[nodiscard]] SimulatedFilesystem& filesystem() const {
    return const_cast<SimulatedFilesystem&>(filesystem_);
  }
};

}  // namespace datawal::test
