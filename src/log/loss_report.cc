#include "log/loss_report.h"

#include <string>
#include <utility>

#include "base/try.h"

namespace datawal {
namespace {

// One object on one line, built member by member.
class JsonLine {
 public:
  explicit JsonLine(std::string_view kind) { add("kind", kind); }

  JsonLine& add(std::string_view name, std::uint64_t value) {
    begin_member(name);
    line_ += std::to_string(value);
    return *this;
  }

  JsonLine& add(std::string_view name, std::string_view value) {
    begin_member(name);
    append_string(value);
    return *this;
  }

  [[nodiscard]] std::string finish() && { return std::move(line_) + "}\n"; }

 private:
  void begin_member(std::string_view name) {
    line_ += line_.empty() ? '{' : ',';
    append_string(name);
    line_ += ':';
  }

  // File names may hold any bytes; those that are no ASCII are shown one by one.
  void append_string(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    line_ += '"';
    for (const char letter : text) {
      const auto code = static_cast<unsigned char>(letter);
      if (code < 0x20 || code >= 0x7F) {
        line_ += "\\u00";
        line_ += kDigits[code >> 4U];
        line_ += kDigits[code & 15U];
        continue;
      }
      if (letter == '"' || letter == '\\') line_ += '\\';
      line_ += letter;
    }
    line_ += '"';
  }

  std::string line_;
};

}  // namespace

Status LossReport::add(const Damage& loss) {
  JsonLine line("loss");
  line.add("segment", std::uint64_t{std::to_underlying(loss.position.segment)})
      .add("offset", loss.position.offset)
      .add("size", loss.size)
      .add("reason", loss.error.message)
      .add("intact_frames_beyond", loss.intact_frames_beyond);
  return writer_.append(as_bytes(std::move(line).finish()));
}

Status LossReport::add(const SalvageFinding& finding) {
  JsonLine line("finding");
  line.add("file", finding.name).add("message", finding.message);
  return writer_.append(as_bytes(std::move(line).finish()));
}

Status LossReport::finish(const SalvageReport& report) {
  JsonLine line("summary");
  line.add("frames_recovered", report.frames_recovered)
      .add("bytes_recovered", report.bytes_recovered)
      .add("bytes_lost", report.bytes_lost)
      .add("losses", report.loss_count)
      .add("findings", std::uint64_t{report.findings.size()});
  DATAWAL_TRY(writer_.append(as_bytes(std::move(line).finish())));
  DATAWAL_TRY(writer_.flush());
  return file_->sync();
}

}  // namespace datawal
