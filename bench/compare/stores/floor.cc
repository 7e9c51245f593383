// The floor: what the hardware must do for the same bytes, and nothing else. No store, but driven
// like one, so that it does its work in the same loops:
//   put        copies the frame and its CRC into a mapped, reserved file; one insertion into a
//              boost::unordered_flat_map from the key to the offset. It pays for the page faults.
//   get        looks up there, checks the frame's CRC and the key, and copies the value out
//   scan       checks the CRC of every frame in the mapping, one after another
//   durable    one pwrite and one fdatasync, which threads share
//   compact    copies the frames that are not dead into a reserved file, and syncs
//   export     sorts the keys, and writes and syncs the lines
// Which frames are dead stands in a bitmap. Two threads copy side by side and take turns at the
// map.
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/version.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <utility>

#include "compare/dataset.h"
#include "compare/jsonl.h"
#include "compare/stores/floor_file.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "floor";
constexpr const char* kFileName = "frames";

struct KeyHash {
  using is_avalanching = void;
  std::size_t operator()(const Key& key) const noexcept {
    const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(key);
    std::uint64_t hash = (words[0] ^ std::rotl(words[1], 32)) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
    return hash * 0xd6e8feb86659fd93ULL;
  }
};

Key key_of(ByteView bytes) {
  Key key;
  if (bytes.size() != key.size()) fail(kName, "a key of a wrong size");
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

// All that is shared between the floor's sessions.
class FloorState {
 public:
  explicit FloorState(const StoreSettings& settings)
      : file_(made(settings) / kFileName, capacity_for(settings)),
        is_shared_(settings.thread_count > 1),
        is_durable_(settings.durable) {
    replay();
  }

  void put(ByteView key, ByteView value) {
    const Entry entry = {key, value};
    if (is_durable_) return put_batch({&entry, 1});
    point(key, file_.append(key, value));
  }

  void put_batch(std::span<const Entry> entries) {
    if (!is_durable_) {
      for (const Entry& entry : entries) point(entry.key, file_.append(entry.key, entry.value));
      return;
    }
    std::uint64_t offset = file_.append_durably(entries);
    for (const Entry& entry : entries) {
      point(entry.key, offset);
      offset += FloorFile::frame_size(entry.key.size(), entry.value.size());
    }
  }

  [[nodiscard]] std::optional<ByteView> view(ByteView key) const {
    const auto found = offsets_.find(key_of(key));
    if (found == offsets_.end()) return std::nullopt;
    const auto frame = file_.frame_at(found->second);
    if (!frame || !std::ranges::equal(frame->key, key)) fail(kName, "another key's frame");
    return frame->value;
  }

  bool remove(ByteView key) {
    const auto found = offsets_.find(key_of(key));
    if (found == offsets_.end()) return false;
    mark_dead(found->second);
    offsets_.erase(found);
    mark_dead(file_.append_removal(key));
    return true;
  }

  void scan(const Visitor& visit) const {
    std::uint64_t offset = 0;
    while (offset < file_.end()) {
      const auto frame = file_.frame_at(offset);
      if (!frame) fail(kName, "a frame is missing");
      if (!is_dead(offset)) visit(frame->key, frame->value);
      offset += frame->size;
    }
  }

  void compact_to(const std::filesystem::path& directory) const {
    std::filesystem::create_directories(directory);
    file_.copy_to(directory / kFileName, [this](std::uint64_t offset) { return !is_dead(offset); });
  }

  void export_jsonl(const std::filesystem::path& path) const {
    std::vector<std::pair<Key, std::uint64_t>> entries(offsets_.begin(), offsets_.end());
    std::sort(entries.begin(), entries.end());
    JsonlWriter writer(path);
    for (const auto& [key, offset] : entries) writer.add(key, file_.frame_at(offset)->value);
    writer.finish();
  }

 private:
  static constexpr std::uint64_t kGranule = 8;  // frames begin at most so close to each other

  static std::filesystem::path made(const StoreSettings& settings) {
    std::filesystem::create_directories(settings.directory);
    return settings.directory;
  }

  static std::uint64_t capacity_for(const StoreSettings& settings) {
    return settings.write_count_max * FloorFile::frame_size(kKeySize, settings.value_size) + 4096;
  }

  void replay() {
    std::uint64_t offset = 0;
    while (const auto frame = file_.frame_at(offset)) {
      if (frame->is_removal) {
        const auto found = offsets_.find(key_of(frame->key));
        if (found != offsets_.end()) mark_dead(found->second);
        offsets_.erase(key_of(frame->key));
        mark_dead(offset);
      } else {
        point(frame->key, offset);
      }
      offset += frame->size;
    }
    file_.set_end(offset);
  }

  void point(ByteView key, std::uint64_t offset) {
    std::unique_lock lock(map_mutex_, std::defer_lock);
    if (is_shared_) lock.lock();
    const auto [entry, is_new] = offsets_.try_emplace(key_of(key), offset);
    if (is_new) return;
    mark_dead(std::exchange(entry->second, offset));
  }

  void mark_dead(std::uint64_t offset) {
    const std::uint64_t index = offset / kGranule;
    if (index >= dead_.size()) dead_.resize(std::max(index + 1, 2 * dead_.size()));
    dead_[index] = true;
  }

  [[nodiscard]] bool is_dead(std::uint64_t offset) const {
    const std::uint64_t index = offset / kGranule;
    return index < dead_.size() && dead_[index];
  }

  FloorFile file_;
  std::mutex map_mutex_;
  boost::unordered_flat_map<Key, std::uint64_t, KeyHash> offsets_;
  std::vector<bool> dead_;
  bool is_shared_;
  bool is_durable_;
};

class FloorSession final : public Session {
 public:
  explicit FloorSession(FloorState& state) : state_(state) {}

  void put(ByteView key, ByteView value) override { state_.put(key, value); }
  void put_batch(std::span<const Entry> entries) override { state_.put_batch(entries); }
  std::optional<ByteView> view(ByteView key) override { return state_.view(key); }
  bool remove(ByteView key) override { return state_.remove(key); }

  std::optional<ByteView> get(ByteView key) override {
    const std::optional<ByteView> found = state_.view(key);
    if (!found) return std::nullopt;
    if (value_.size() < found->size()) value_.resize(found->size());
    std::memcpy(value_.data(), found->data(), found->size());
    return ByteView(value_).first(found->size());
  }

 private:
  FloorState& state_;
  std::vector<std::byte> value_;
};

class FloorStore final : public Store {
 public:
  explicit FloorStore(const StoreSettings& settings) : state_(settings) {}

  std::unique_ptr<Session> session() override { return std::make_unique<FloorSession>(state_); }
  void scan(const Visitor& visit) override { state_.scan(visit); }
  void export_jsonl(const std::filesystem::path& file) override { state_.export_jsonl(file); }

  std::filesystem::path compact(const std::filesystem::path& target) override {
    state_.compact_to(target);
    return target;
  }

 private:
  FloorState state_;
};

}  // namespace

StoreKind floor_kind() {
  return {
      .name = kName,
      .version = "boost " BOOST_LIB_VERSION,
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<FloorStore>(settings);
      },
      .exports = true,
      .is_floor = true,
  };
}

}  // namespace datawal::bench
