// Runs one hot path under callgrind, which counts the instructions of nothing but that.
//
//   valgrind --tool=callgrind --collect-atstart=no datawal_instructions PATH DIRECTORY
//
// Without arguments it lists the paths. The operations are counted on standard output.
#include <valgrind/callgrind.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datawal/data_wal.h"
#include "datawal/record_log.h"
#include "datawal/snapshot.h"
#include "datawal/write_batch.h"

namespace datawal::bench {
namespace {

constexpr std::uint64_t kKeys = 50'000;
constexpr std::uint64_t kOperations = 10'000;
constexpr std::size_t kBatchSize = 100;

// Sixteen bytes, in no order.
std::string key_of(std::uint64_t number) {
  std::string key(16, '\0');
  for (std::size_t index = 0; index < key.size(); ++index) {
    number = (number ^ number >> 29) * 0x9fb2'1c65'1e98'df25 + index;
    key[index] = static_cast<char>(number >> 56);
  }
  return key;
}

template <typename T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  std::exit(1);
}
void must(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().to_string().c_str());
  std::exit(1);
}

// A store of kKeys keys, and as many that are in no store.
struct Prepared {
  explicit Prepared(const std::filesystem::path& directory)
      : store(must(DataWal::open(directory / "store"))),
        log(must(RecordLog::open(directory / "log"))) {
    for (std::uint64_t number = 0; number < 2 * kKeys; ++number) keys.push_back(key_of(number));
    for (std::uint64_t number = 0; number < kKeys; ++number) put(number);
    for (std::uint64_t number = 0; number < kKeys; ++number) {
      must(log.append(as_bytes(value)));
    }
  }

  void put(std::uint64_t number) { must(store.put(key(number), as_bytes(value))); }
  [[nodiscard]] ByteView key(std::uint64_t number) const { return as_bytes(keys[number]); }
  // Spread over the keys of the store.
  [[nodiscard]] ByteView present(std::uint64_t number) const { return key(number * 7 % kKeys); }
  [[nodiscard]] ByteView absent(std::uint64_t number) const { return key(kKeys + number); }

  std::string value = std::string(100, 'v');
  std::vector<std::string> keys;
  DataWal store;
  RecordLog log;
};

// What is counted; gives the number of its operations.
using Path = std::function<std::uint64_t(Prepared&)>;

template <typename Operation>
std::uint64_t repeat(Operation operation) {
  for (std::uint64_t number = 0; number < kOperations; ++number) operation(number);
  return kOperations;
}

std::uint64_t put_batches(Prepared& prepared) {
  WriteBatch batch;
  for (std::uint64_t number = 0; number < kOperations; ++number) {
    must(batch.put(prepared.absent(number), as_bytes(prepared.value)));
    if (batch.size() < kBatchSize) continue;
    must(prepared.store.write(batch));
    batch.clear();
  }
  return kOperations;
}

std::uint64_t multi_get(Prepared& prepared) {
  std::vector<ByteView> keys;
  for (std::uint64_t number = 0; number < kOperations; ++number) {
    keys.push_back(prepared.present(number));
    if (keys.size() < kBatchSize) continue;
    for (auto& value : prepared.store.multi_get(keys)) must(std::move(value));
    keys.clear();
  }
  return kOperations;
}

std::uint64_t scan(Prepared& prepared) {
  std::uint64_t count = 0;
  must(prepared.store.for_each([&](const Item& /*item*/) {
    ++count;
    return true;
  }));
  return count;
}

std::vector<std::pair<std::string_view, Path>> paths() {
  const auto each = [](auto operation) {
    return [operation](Prepared& prepared) {
      return repeat([&](std::uint64_t number) { operation(prepared, number); });
    };
  };
  return {
      {"append to a log", each([](Prepared& prepared, std::uint64_t) {
         must(prepared.log.append(as_bytes(prepared.value)));
       })},
      {"put of a new key", each([](Prepared& prepared, std::uint64_t number) {
         must(prepared.store.put(prepared.absent(number), as_bytes(prepared.value)));
       })},
      {"overwrite", each([](Prepared& prepared, std::uint64_t number) {
         must(prepared.store.put(prepared.present(number), as_bytes(prepared.value)));
       })},
      {"put in batches of 100, a key", put_batches},
      {"delete", each([](Prepared& prepared, std::uint64_t number) {
         must(prepared.store.remove(prepared.present(number)));
       })},
      {"get", each([](Prepared& prepared, std::uint64_t number) {
         must(prepared.store.get(prepared.present(number)));
       })},
      {"get into a buffer", each([](Prepared& prepared, std::uint64_t number) {
         std::byte buffer[128];
         must(prepared.store.get_into(prepared.present(number), buffer));
       })},
      {"get as a view", each([](Prepared& prepared, std::uint64_t number) {
         must(prepared.store.get_view(prepared.present(number)));
       })},
      {"get of an absent key", each([](Prepared& prepared, std::uint64_t number) {
         must(prepared.store.get(prepared.absent(number)));
       })},
      {"multi_get of 100, a key", multi_get},
      {"scan, a key", scan},
      {"export as JSON lines, a key",
       [](Prepared& prepared) {
         return must(prepared.store.export_jsonl(prepared.store.directory() / "../export.jsonl"))
             .records_written;
       }},
  };
}

int run(std::string_view name, const std::filesystem::path& directory) {
  for (const auto& [path_name, path] : paths()) {
    if (path_name != name) continue;
    Prepared prepared(directory);
    CALLGRIND_TOGGLE_COLLECT;
    const std::uint64_t operations = path(prepared);
    CALLGRIND_TOGGLE_COLLECT;
    std::printf("%llu\n", static_cast<unsigned long long>(operations));
    return 0;
  }
  std::fprintf(stderr, "datawal_instructions: there is no path '%s'\n", std::string(name).c_str());
  return 2;
}

}  // namespace
}  // namespace datawal::bench

int main(int argc, char** argv) {
  if (argc == 3) return datawal::bench::run(argv[1], argv[2]);
  for (const auto& path : datawal::bench::paths()) std::puts(std::string(path.first).c_str());
  return argc == 1 ? 0 : 2;
}
