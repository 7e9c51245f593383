// What a program that uses an installed datawal looks like; built and run against the package.
#include <datawal/datawal.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <variant>

namespace {

using datawal::as_bytes;

// Prints what went wrong and gives true if `good` is false.
bool failed(bool good, std::string_view what) {
  if (!good) std::fprintf(stderr, "failed: %.*s\n", static_cast<int>(what.size()), what.data());
  return !good;
}

bool use_frame() {
  datawal::Bytes buffer(datawal::frame_size(3, 5));
  const auto size = datawal::encode_frame(
      buffer, {datawal::RecordType::kPut, 1, as_bytes("key"), as_bytes("value")});
  const datawal::DecodeOutcome outcome = datawal::decode_frame(buffer);
  return !failed(size && *size == buffer.size(), "encode_frame") &&
         !failed(std::holds_alternative<datawal::DecodedFrame>(outcome), "decode_frame") &&
         !failed(datawal::crc32c(as_bytes("123456789")) == 0xE3069283U, "crc32c");
}

bool use_log(const std::filesystem::path& directory) {
  auto log = datawal::RecordLog::open(directory);
  if (failed(log.has_value(), "RecordLog::open")) return false;
  if (failed(log->append(as_bytes("something happened")).has_value(), "append")) return false;
  if (failed(log->sync().has_value(), "sync")) return false;

  const auto reader = datawal::RecordLogReader::open(directory);
  if (failed(reader.has_value(), "RecordLogReader::open")) return false;
  datawal::RecordCursor cursor = reader->scan();
  const auto record = cursor.next();
  if (failed(record && *record, "scan")) return false;
  if (failed(datawal::as_text((*record)->payload) == "something happened", "payload")) return false;

  auto follower = reader->follow();
  if (failed(follower.has_value(), "follow")) return false;
  const auto followed = follower->next(std::chrono::seconds(10));
  return !failed(followed && *followed && (*followed)->txid == 1, "next") &&
         !failed(log->close().has_value(), "close");
}

bool use_store(const std::filesystem::path& directory) {
  {
    auto store = datawal::DataWal::open(directory);
    if (failed(store.has_value(), "DataWal::open")) return false;
    if (failed(store->put(as_bytes("cursor"), as_bytes("42")).has_value(), "put")) return false;
    if (failed(store->close().has_value(), "close")) return false;
  }
  const auto store = datawal::DataWal::open_read_only(directory);
  if (failed(store.has_value(), "open_read_only")) return false;
  const auto value = store->get(as_bytes("cursor"));
  if (failed(value && *value && (*value)->text() == "42", "get")) return false;
  const auto report = datawal::verify(directory);
  return !failed(report && report->damages.empty() && report->frames_checked == 1, "verify");
}

// An error made inside the library arrives as the value that its header describes.
bool use_error(const std::filesystem::path& directory) {
  const auto missing = datawal::DataWal::open_read_only(directory / "missing");
  if (failed(!missing, "open_read_only of nothing")) return false;
  return !failed(missing.error().code == datawal::ErrorCode::kNotFound, "code") &&
         !failed(datawal::error_code_name(missing.error().code) == "NotFound", "name") &&
         !failed(!missing.error().to_string().empty(), "to_string");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: consumer EMPTY_DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  const bool good = use_frame() && use_log(directory / "log") && use_store(directory / "store") &&
                    use_error(directory);
  std::puts(good ? "consumer: good" : "consumer: failed");
  return good ? 0 : 1;
}
