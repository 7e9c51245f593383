#include "crash/store_image.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "format/names.h"

namespace datawal::test {
namespace {

constexpr std::uint32_t kSegmentCount = 3;

class ImageWriter {
 public:
  explicit ImageWriter(StoreImage& image) : image_(image), log_(must_open(*image.machine)) {}

  void append(Record record) {
    const Result<Appended> appended = log_.append_record(record.type, record.key, record.payload);
    if (!appended) throw std::runtime_error(appended.error().to_string());
    record.txid = appended->txid;
    image_.records.push_back(std::move(record));
    image_.starts.push_back(appended->ref.position());
  }

  // A few records of every type.
  void fill(std::uint64_t seed) {
    append(put_of("alpha", noise(seed, 5 + seed % 7)));
    append(raw_of(noise(seed + 1, 9)));
    append(put_of("beta", noise(seed + 2, 3)));
    append(removal_of("alpha"));
    append(put_of("alpha", noise(seed + 3, 8)));
  }

  RecordLog& log() { return log_; }

 private:
  static RecordLog must_open(SimulatedFilesystem& machine) {
    Result<RecordLog> log = RecordLog::open(kImageStore, {.filesystem = &machine});
    if (!log) throw std::runtime_error(log.error().to_string());
    return *std::move(log);
  }

  StoreImage& image_;
  RecordLog log_;
};

void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().to_string());
}

std::string sidecar_path() {
  return std::string(kImageStore) + "/" + std::string(kWatermarkName);
}

void note_durable(StoreImage& image, const RecordLog& log) {
  image.durable = log.end();
  image.durable_count = image.records.size();
}

}  // namespace

std::string_view name_of(Sidecar sidecar) {
  switch (sidecar) {
    case Sidecar::kNone:
      return "None";
    case Sidecar::kCurrent:
      return "Current";
    case Sidecar::kRebooted:
      return "Rebooted";
    case Sidecar::kStale:
      return "Stale";
    case Sidecar::kClean:
      break;
  }
  return "Clean";
}

StoreImage make_store_image(Sidecar sidecar) {
  StoreImage image{.machine = std::make_unique<SimulatedFilesystem>()};
  std::optional<Bytes> earlier;
  {
    ImageWriter writer(image);
    for (std::uint32_t id = 1; id < kSegmentCount; ++id) {
      writer.fill(100ULL * id);
      must(writer.log().rotate());
    }
    writer.fill(1000);
    must(writer.log().sync());
    note_durable(image, writer.log());
    earlier = image.machine->read_file(sidecar_path());
    writer.append(put_of("gamma", noise(7, 20)));
    writer.append(raw_of(noise(8, 11)));
    if (sidecar == Sidecar::kCurrent || sidecar == Sidecar::kRebooted) {
      must(writer.log().sync());
      note_durable(image, writer.log());
    }
    writer.append(put_of("alpha", noise(9, 4)));
    writer.append(removal_of("beta"));
    writer.append(raw_of({}));
    image.starts.push_back(writer.log().end());
    if (sidecar == Sidecar::kStale) must(writer.log().sync());
    if (sidecar == Sidecar::kClean) note_durable(image, writer.log());
    if (sidecar == Sidecar::kClean) must(writer.log().close());
    image.machine->kill_process();
  }
  if (sidecar == Sidecar::kRebooted) image.machine->crash(PowerCut::kKeepPending);
  if (sidecar == Sidecar::kStale) image.machine->write_file(sidecar_path(), *earlier);
  if (sidecar == Sidecar::kNone) {
    image.machine->remove(sidecar_path());
    image.durable = {SegmentId{1}, 0};
    image.durable_count = 0;
  }
  return image;
}

Options options_on(SimulatedFilesystem& machine) {
  return {.create_if_missing = false, .filesystem = &machine};
}

std::string segment_path(std::uint32_t id) {
  return std::string(kImageStore) + "/" + segment_name(SegmentId{id});
}

}  // namespace datawal::test
