// datawal: one segment, like the Rust crate, because beginning another syncs the one before, which
// is more than the other stores promise. A put stores its frame through a mapping; a durable put is
// one write(2) and one fdatasync.
#include <span>
#include <utility>

#include "compare/store.h"
#include "datawal/datawal.h"

namespace datawal::bench {
namespace {

constexpr std::string_view kName = "datawal";
const Options kOptions = {.segment_size_max = std::uint64_t{4} << 30};

template <typename T>
T checked(Result<T> result) {
  if (!result) fail(kName, result.error().to_string());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class DatawalSession final : public Session {
 public:
  DatawalSession(DataWal& store, const StoreSettings& settings)
      : store_(store),
        durability_(settings.durable ? Durability::kEveryWrite : Durability::kManual),
        buffer_(settings.value_size) {}

  void put(ByteView key, ByteView value) override {
    static_cast<void>(checked(store_.put(key, value, durability_)));
  }

  void put_batch(std::span<const Entry> entries) override {
    batch_.clear();
    for (const Entry& entry : entries) checked(batch_.put(entry.key, entry.value));
    static_cast<void>(checked(store_.write(batch_, durability_)));
  }

  std::optional<ByteView> get(ByteView key) override {
    const std::optional<std::size_t> size = checked(store_.get_into(key, buffer_));
    if (!size) return std::nullopt;
    if (*size > buffer_.size()) fail(kName, "a value is larger than those put");
    return ByteView(buffer_).first(*size);
  }

  std::optional<ByteView> view(ByteView key) override {
    view_ = checked(store_.get_view(key));
    return view_ ? std::optional(view_->bytes()) : std::nullopt;
  }

  bool remove(ByteView key) override { return checked(store_.remove(key, durability_)).existed; }

 private:
  DataWal& store_;
  Durability durability_;
  WriteBatch batch_;
  Bytes buffer_;
  std::optional<PinnedValue> view_;
};

class DatawalStore final : public Store {
 public:
  explicit DatawalStore(const StoreSettings& settings)
      : settings_(settings), store_(checked(DataWal::open(settings.directory, kOptions))) {}

  std::unique_ptr<Session> session() override {
    return std::make_unique<DatawalSession>(store_, settings_);
  }

  void scan(const Visitor& visit) override {
    ItemCursor items = store_.items();
    while (true) {
      const std::span<const Item> batch = checked(items.next_batch());
      if (batch.empty()) return;
      for (const Item& item : batch) visit(item.key, item.value);
    }
  }

  std::filesystem::path compact(const std::filesystem::path& /*target*/) override {
    static_cast<void>(checked(store_.compact()));
    return settings_.directory;
  }

  void export_jsonl(const std::filesystem::path& file) override {
    static_cast<void>(checked(store_.export_jsonl(file)));
  }

 private:
  StoreSettings settings_;
  DataWal store_;
};

class DatawalLog final : public Log {
 public:
  explicit DatawalLog(const std::filesystem::path& directory)
      : log_(checked(RecordLog::open(directory, kOptions))) {}

  void append(ByteView payload) override { static_cast<void>(checked(log_.append(payload))); }

  void scan(const Visitor& visit) override {
    RecordCursor cursor = log_.scan();
    while (const std::optional<ScannedRecord> record = checked(cursor.next())) {
      visit(record->key, record->payload);
    }
  }

 private:
  RecordLog log_;
};

}  // namespace

StoreKind datawal_kind() {
  return {
      .name = kName,
      .version = DATAWAL_BENCH_VERSION,
      .open = [](const StoreSettings& settings) -> std::unique_ptr<Store> {
        return std::make_unique<DatawalStore>(settings);
      },
      .open_log = [](const std::filesystem::path& directory) -> std::unique_ptr<Log> {
        return std::make_unique<DatawalLog>(directory);
      },
      .exports = true,
  };
}

}  // namespace datawal::bench
