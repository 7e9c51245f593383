// The records that an index leads to, in memory where their segments are mapped and by pread where
// not.
//
// A segment's file can be replaced by a rewritten one. Its records then have other addresses, while
// those that they had still lead to the old file, for as long as anybody may hold them.
//
// Thread safety: add(), note_dead() and replace() are for one thread at a time; any thread may call
// the other functions meanwhile, for addresses that have reached it through an index.
//
// Shared: what a snapshot or a pinned value leads to must stay after the store is closed and gone.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/grace_period.h"
#include "datawal/record_log.h"
#include "file/filesystem.h"
#include "format/frame_layout.h"
#include "log/frame_fetch.h"
#include "log/log_addresses.h"
#include "log/segment_files.h"
#include "store/cold_records.h"
#include "store/index_image.h"

namespace datawal {

// A segment, and the file that it is in.
struct SegmentSource {
  SegmentId id{};
  std::shared_ptr<const File> file;  // shared with whoever still reads old records
};

class StoreRecords : public std::enable_shared_from_this<StoreRecords> {
 public:
  // How segments are read. Those below `size_max` are mapped as if they had that size already, so
  // that they may grow to it.
  struct Access {
    bool may_map = false;
    std::uint64_t size_max = 0;
    // Whose files are read instead of those of their names: where others may replace these, and
    // where they are open already.
    std::shared_ptr<const SegmentSet> held = {};
  };

  StoreRecords(std::shared_ptr<const Directory> directory, Access access);
  // With addresses that have been given before, in `segments`.
  StoreRecords(std::shared_ptr<const Directory> directory, Access access,
               std::unique_ptr<LogAddresses> addresses, const std::vector<SegmentFacts>& segments);
  ~StoreRecords();

  // From now on segments are opened by their names. Before any other thread knows this.
  void release_held() {
    access_.held.reset();
    files_->release_held();
  }

  // The address of a record. Fails with kExhausted.
  [[nodiscard]] Result<LogAddress> add(const RecordRef& ref) {
    if (last_segment_ != ref.segment) [[unlikely]]
      begin_segment(ref.segment);
    return addresses_->address_of(ref.position(), ref.size);
  }
  // Success, or the failure that add() could come to; and, for records of so many bytes in a row,
  // one of several calls of it.
  [[nodiscard]] Status check_room() const {
    if (addresses_->has_room()) [[likely]]
      return {};
    return std::unexpected(LogAddresses::exhausted({}));
  }
  [[nodiscard]] Status check_room_for(std::uint64_t size) const;

  // The bytes of the record at `address` and of some behind it; none where it has to be fetched.
  [[nodiscard]] ByteView view(LogAddress address) const { return addresses_->view_at(address); }
  // Whether the segment of the record that was added last is in memory.
  [[nodiscard]] bool maps_last_segment() const { return maps_last_segment_; }
  // Begins to load the record at `address`, if its segment is mapped.
  void prefetch(LogAddress address) const noexcept;
  // The same of what tells its key.
  void prefetch_key(LogAddress address) const noexcept {
    const ByteView bytes = view(address);
    if (bytes.empty()) return;
    cold_.announce(address, bytes.first(std::min(bytes.size(), kCacheLine)));
    __builtin_prefetch(bytes.data());
  }
  // Whether what is to be looked at had better be announced early.
  [[nodiscard]] bool are_cold() const noexcept { return cold_.are_likely(); }
  // Begins to load what follows the first line of a record whose bytes are those at the front of
  // `bytes`, if it is as large as others have been; for who is about to wait for that line.
  void prefetch_rest(ByteView bytes) const noexcept {
    const std::size_t size =
        std::min<std::size_t>(bytes.size(), common_size_.load(std::memory_order_relaxed));
    for (std::size_t at = kCacheLine; at < size; at += kCacheLine) __builtin_prefetch(&bytes[at]);
  }
  // Notes the size of a record that was read, of one in many: threads that note different sizes
  // would take the line of memory from each other.
  void note_size(LogAddress address, std::size_t size) const noexcept {
    constexpr std::uint64_t kOneIn = 32;
    if (static_cast<std::uint64_t>(address) % kOneIn != 0) [[likely]]
      return;
    const auto common = static_cast<std::uint32_t>(std::min(size, kPrefetchedMax));
    if (common_size_.load(std::memory_order_relaxed) != common)
      common_size_.store(common, std::memory_order_relaxed);
  }
  // The record, checked; in the mapping where there is one. Fails where the record on disk is not
  // the one that was written.
  [[nodiscard]] Result<FetchedFrame> fetch(LogAddress address) const;
  // The file that the record at `address` is in.
  [[nodiscard]] Result<std::shared_ptr<const File>> file_of(LogAddress address) const;

  // Notes that nothing leads to the record at `address` any more.
  void note_dead(LogAddress address) {
    const std::optional<FrameHeader> header = whole_header(view(address));
    addresses_->note_dead(address, header ? header->size() : fetched_size(address));
  }
  // Takes back all that has been noted so.
  void forget_dead() { addresses_->forget_dead(); }

  // Who looks up an address and what is there without holding it is in a use of this.
  [[nodiscard]] const GracePeriod& grace() const { return grace_; }
  // Keeps what every address of now leads to, for as long as it lives. To be taken within a use of
  // grace(), or by the thread that replaces; only where a shared_ptr owns this object.
  [[nodiscard]] std::shared_ptr<const void> hold() const;

  // Runs `rename`, which puts a file in the place of the segments `replaced`, under the name of the
  // first of them, and takes over that this has happened: unless it fails, their records have no
  // addresses any more, though those they had lead where they did until release_replaced().
  // `last_in_units` are the last of the new records in each unit of addresses: all of them have
  // addresses then.
  [[nodiscard]] Status replace(std::span<const SegmentSource> replaced,
                               std::span<const RecordRef> last_in_units,
                               const std::function<Status()>& rename);
  // Returns when all uses of grace() from before have ended.
  void wait_for_readers() { grace_.wait(); }
  // Lets go of all that has been replaced, once nobody holds it. Waits for uses of grace() to end.
  // The caller knows that no index holds an address in it.
  void release_replaced();

  // At least the size of the record at `address`.
  [[nodiscard]] std::uint64_t size_from(LogAddress address) const {
    return addresses_->size_from(address);
  }
  [[nodiscard]] Position position(LogAddress address) const {
    return addresses_->position_of(address);
  }
  [[nodiscard]] const LogAddresses& addresses() const { return *addresses_; }
  [[nodiscard]] const Access& access() const { return access_; }
  [[nodiscard]] const std::shared_ptr<const Directory>& directory() const { return directory_; }

 private:
  static constexpr std::size_t kCacheLine = 64;
  // A processor has no more loads than some 16 under way.
  static constexpr std::size_t kPrefetchedMax = 12 * kCacheLine;

  // What a replaced segment had.
  struct Replaced {
    RetiredUnits units;
    std::shared_ptr<const File> file;
    std::unique_ptr<FileView> view;
  };
  // Units that nobody holds any more.
  struct Released;
  struct Holders;
  struct Hold;

  void begin_segment(SegmentId segment);
  void map_segment(SegmentId segment);
  [[nodiscard]] std::uint64_t fetched_size(LogAddress address) const;
  void reuse_released();

  std::shared_ptr<const Directory> directory_;
  Access access_;
  std::unique_ptr<LogAddresses> addresses_;
  std::unique_ptr<SegmentFiles> files_;
  std::optional<SegmentId> last_segment_;
  bool maps_last_segment_ = false;
  std::unordered_map<SegmentId, std::unique_ptr<FileView>> views_;
  mutable ColdRecords cold_;
  mutable std::atomic<std::uint32_t> common_size_ = 3 * kCacheLine;  // as note_size() was told last
  GracePeriod grace_;
  std::vector<Replaced> replaced_;  // and not let go of yet
  std::shared_ptr<Released> released_;

  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::uint32_t, std::weak_ptr<const File>> replaced_files_;  // by unit
  std::shared_ptr<Holders> holders_;                                             // those of now
};

}  // namespace datawal
