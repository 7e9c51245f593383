// The bytes of one simulated file, as programs see them (the page cache) and as the disk holds
// them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "datawal/bytes.h"
#include "file/simulated_random.h"

namespace datawal {

// What is left of everything that was not synced when the power goes.
enum class PowerCut {
  kDropPending,  // nothing
  kKeepPending,  // all of it
  kZeroPending,  // names and sizes, but zeros or old bytes in place of the new ones
  kTear,         // for each file and directory something else, by the seed
};

// Tracks per page of 4096 bytes what has been written since the page was last synced. Not
// thread-safe.
class SimulatedFileData {
 public:
  [[nodiscard]] std::uint64_t size() const { return cached_.size(); }
  [[nodiscard]] const Bytes& bytes() const { return cached_; }
  [[nodiscard]] std::size_t read(std::uint64_t offset, MutableByteView buffer) const;
  void write(std::uint64_t offset, ByteView data);
  void truncate(std::uint64_t size);

  // What is dirty is on the disk now.
  void sync();
  // What was dirty counts as clean from now on, although it may not be on the disk: it stays
  // readable, a later sync passes it over, and only writing it again makes it dirty again. This is
  // what ext4 does.
  void fail_sync();
  // Turns the cache into what is found on the disk after a power cut.
  void cut_power(PowerCut policy, SimulatedRandom& random);
  // Puts `data` into the cache and onto the disk at once.
  void place(ByteView data);

 private:
  // One change to a page: bytes written, or everything from `begin` on cut off.
  struct Change {
    std::uint64_t sequence;
    std::size_t begin;
    Bytes written;
    bool is_cut;
  };
  struct Page {
    std::vector<Change> changes;  // in order, since the page was last on the disk for certain
    bool is_dirty = false;
  };
  struct SizeChange {
    std::uint64_t sequence;
    std::uint64_t size;
    bool is_cut;
  };
  // A part of a page.
  struct Range {
    std::size_t begin;
    std::size_t size;
  };
  // A choice of what has reached the disk.
  struct Survival {
    std::uint64_t cut_sequence = 0;  // cuts up to this one have
    std::uint64_t size = 0;
  };

  void change_size(std::uint64_t size, bool is_cut);
  void cut_pages(std::uint64_t size);
  void commit_cuts(std::uint64_t page_index, Page& page);
  [[nodiscard]] bool is_dirty() const;
  [[nodiscard]] Survival survive_until(std::uint64_t sequence) const;
  [[nodiscard]] Survival survive_by_chance(SimulatedRandom& random) const;
  [[nodiscard]] Bytes content_after(std::uint64_t page_index, const Page& page, Range range,
                                    std::size_t change_count, std::uint64_t cut_sequence) const;
  [[nodiscard]] Bytes page_after(std::uint64_t page_index, const Page& page,
                                 std::size_t change_count, std::uint64_t cut_sequence) const;
  [[nodiscard]] static std::size_t change_count_max(const Page& page, std::uint64_t cut_sequence);
  [[nodiscard]] Bytes torn_page(std::uint64_t page_index, const Page& page,
                                std::uint64_t cut_sequence, bool by_sector,
                                SimulatedRandom& random) const;
  void restart(std::uint64_t size, const std::map<std::uint64_t, Bytes>& pages);
  void forget_changes();
  [[nodiscard]] std::uint64_t sequence_before_changes() const;
  void restart_at(std::uint64_t sequence);
  void restart_with_zeros();
  void restart_torn(bool by_sector, SimulatedRandom& random);

  Bytes cached_;
  Bytes durable_;
  std::map<std::uint64_t, Page> pages_;  // those with changes
  std::vector<SizeChange> size_changes_;
  bool is_size_dirty_ = false;
  std::uint64_t sequence_ = 0;
};

}  // namespace datawal
