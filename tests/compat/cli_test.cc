// The `datawal` command on stores that the crate has written: its JSON lines carry, field for
// field, what the crate says of the same stores, in the schema datawal.cli.v1 of the crate's own
// command. (That command is not published, so that what it prints is put together here, from its
// schema and from what the crate answers.)

#include <sys/wait.h>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "driver_process.h"
#include "model.h"
#include "notation.h"
#include "parameters.h"
#include "scratch.h"
#include "workload.h"

namespace datawal::compat::cli_test {
namespace {

namespace fs = std::filesystem;

struct CommandResult {
  std::vector<std::string> lines;  // of its standard output
  int exit_code = -1;
};

CommandResult run_command(const std::string& arguments) {
  FILE* pipe = popen((std::string(DATAWAL_COMPAT_COMMAND " ") + arguments).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start the command");
  std::string output;
  char block[65536];
  for (std::size_t size = 0; (size = fread(block, 1, sizeof block, pipe)) > 0;) {
    output.append(block, size);
  }
  CommandResult run;
  const int status = pclose(pipe);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) run.lines.push_back(line);
  return run;
}

// Written anew here, so that it can disagree with the one under test.
std::string base64(ByteView bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t start = 0; start < bytes.size(); start += 3) {
    std::uint32_t group = 0;
    for (std::size_t index = start; index < start + 3; ++index) {
      group =
          group << 8U | (index < bytes.size() ? std::to_integer<std::uint32_t>(bytes[index]) : 0U);
    }
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += kDigits[group >> shift & 63U];
  }
  const std::size_t padding = (3 - bytes.size() % 3) % 3;
  return text.substr(0, text.size() - padding) + std::string(padding, '=');
}

std::string base64_of(const Blob& blob) {
  return base64(parse_bytes(blob.word));
}

std::string field(const char* name, std::uint64_t value) {
  return std::string(",\"") + name + "\":" + std::to_string(value);
}

std::string field(const char* name, const std::string& value) {
  return std::string(",\"") + name + "\":\"" + value + '"';
}

std::string object(const char* kind, const std::string& fields) {
  return std::string(R"({"schema":"datawal.cli.v1","kind":")") + kind + '"' + fields + '}';
}

std::string place_fields(const ModelRecord& record) {
  return field("segment", record.segment) + field("offset", record.offset) +
         field("len", record.frame_size()) +
         field("record_type", std::string(record_type_name(record.type))) +
         field("txid", record.txid);
}

// What follows the words of `report`, each "name=number".
std::uint64_t number_in(const std::string& report, const std::string& name) {
  const std::size_t start = report.find(name + '=');
  return std::stoull(report.substr(start + name.size() + 1));
}

class CliTest : public testing::TestWithParam<Implementation> {
 protected:
  // A store of the crate's with `count` random operations, and what the crate reports of it.
  void write_store(Kind kind, int count) {
    Workload workload(kSeed);
    crate_.must("open " + std::string(kind_name(kind)) + ' ' + store_);
    for (int index = 0; index < count; ++index) workload.step(crate_, kind, model_);
    crate_.must("close");
    crate_.must("open " + std::string(kind_name(kind)) + ' ' + store_);
    report_ = crate_.must("report");
    crate_.must("close");
  }

  static void expect_lines(const std::string& arguments, const std::vector<std::string>& lines,
                           int exit_code = 0) {
    const CommandResult run = run_command(arguments);
    EXPECT_EQ(run.exit_code, exit_code) << arguments;
    ASSERT_EQ(run.lines.size(), lines.size()) << arguments;
    for (std::size_t index = 0; index < lines.size(); ++index) {
      ASSERT_EQ(run.lines[index], lines[index]) << arguments << ", line " << index;
    }
  }

  [[nodiscard]] std::uint64_t reported(const char* name) const { return number_in(report_, name); }

  [[nodiscard]] std::string report_line() const {
    return object("report", field("files_scanned", reported("files")) +
                                field("records_replayed", reported("records")) +
                                field("tail_truncated", reported("truncated")) +
                                field("tail_bytes_discarded", reported("discarded")) +
                                field("mid_stream_errors", reported("mid_stream")) +
                                field("unsupported_versions", reported("versions")) +
                                field("last_txid_seen", reported("last_txid")));
  }

  [[nodiscard]] std::string verify_line() const {
    const ModelRecord& last = model_.records().back();
    return object("verify",
                  field("frames_checked", reported("records")) + field("crc_failures", 0) +
                      field("tail_truncated", reported("truncated")) +
                      field("tail_bytes_discarded", reported("discarded")) +
                      field("last_segment", last.segment) + field("last_offset", last.offset));
  }

  static constexpr std::uint64_t kSeed = 21;
  Scratch scratch_;
  std::string store_ = scratch_.fresh("store").string();
  DriverProcess crate_{GetParam()};
  Model model_;
  std::string report_;
};

TEST_P(CliTest, Scan) {
  write_store(Kind::kLog, 300);
  std::vector<std::string> lines;
  for (const ModelRecord& record : model_.records()) {
    lines.push_back(object("record", place_fields(record) +
                                         field("key_base64", base64_of(record.key)) +
                                         field("payload_base64", base64_of(record.payload))));
  }
  expect_lines("--json scan " + store_, lines);
  expect_lines("scan --json --bytes hex " + store_, lines);
  expect_lines("--json scan --limit 7 " + store_, {lines.begin(), lines.begin() + 7});
}

TEST_P(CliTest, Dump) {
  write_store(Kind::kLog, 300);
  std::vector<std::string> lines;
  for (const ModelRecord& record : model_.records()) {
    lines.push_back(object("frame", place_fields(record) + field("key_len", record.key.size) +
                                        field("payload_len", record.payload.size)));
  }
  expect_lines("--json dump " + store_, lines);
  expect_lines("--json dump --limit 3 " + store_, {lines.begin(), lines.begin() + 3});
}

TEST_P(CliTest, ReportAndVerify) {
  write_store(Kind::kLog, 300);
  expect_lines("--json report " + store_, {report_line()});
  expect_lines("--json verify " + store_, {verify_line()});
}

TEST_P(CliTest, Get) {
  write_store(Kind::kStore, 300);
  for (const auto& [key, index] : model_.live()) {
    if (key.size() > 3000) continue;  // longer than a command line should be
    const Blob& value = model_.records()[index].payload;
    const std::string key_base64 = base64(key);
    expect_lines(
        "--json get " + store_ + " --key-base64 '" + key_base64 + '\'',
        {object("value", field("key_base64", key_base64) + field("value_base64", base64_of(value)) +
                             field("value_len", value.size))});
  }
  // Where the crate's command says 2, which it also says for a usage error.
  expect_lines("--json get " + store_ + " --key-hex 6e6f6e65",
               {object("miss", field("key_base64", "bm9uZQ=="))}, 1);
}

TEST_P(CliTest, Check) {
  write_store(Kind::kStore, 300);
  expect_lines(
      "--json check " + store_,
      {object("check", field("keys_checked", model_.live().size()) + field("tail_truncated", 0) +
                           field("tail_bytes_discarded", 0) + field("mid_stream_errors", 0) +
                           field("unsupported_versions", 0))});
}

TEST_P(CliTest, Export) {
  write_store(Kind::kStore, 300);
  const std::string by_crate = store_ + ".crate.jsonl";
  const std::string by_command = store_ + ".command.jsonl";
  crate_.must("open kv " + store_);
  crate_.must("export " + by_crate);
  crate_.must("close");
  expect_lines("--json export " + store_ + ' ' + by_command,
               {object("export", field("outfile", by_command) +
                                     field("records_written", model_.live().size()) +
                                     field("bytes_written", fs::file_size(by_crate)))});
  EXPECT_TRUE(read_file(by_command) == read_file(by_crate));
}

TEST_P(CliTest, Compact) {
  write_store(Kind::kStore, 300);
  const std::string by_crate = store_ + ".crate";
  const std::string by_command = store_ + ".command";
  crate_.must("open kv " + store_);
  crate_.must("compact " + by_crate);
  crate_.must("close");
  expect_lines(
      "--json compact " + store_ + ' ' + by_command,
      {object("compact",
              field("target", by_command) + field("live_keys", model_.live().size()) +
                  field("records_written", model_.live().size()) +
                  field("bytes_written", fs::file_size(fs::path(by_crate) / segment_file(1))))});
  EXPECT_TRUE(read_segment(by_command) == read_segment(by_crate));
}

// A torn tail: the numbers are the crate's, the exit code is 3 instead of 2, and looking at the
// store has not changed it.
TEST_P(CliTest, ReportAndVerifyOfATornTail) {
  write_store(Kind::kLog, 300);
  const ModelRecord last = model_.records().back();
  const fs::path segment = fs::path(store_) / segment_file(last.segment);
  const std::size_t size = fs::file_size(segment) - 1;
  fs::resize_file(segment, size);
  model_.cut(model_.records().size() - 1);
  crate_.must("open reader " + store_);
  report_ = crate_.must("report");
  EXPECT_EQ(reported("truncated"), 1U);
  expect_lines("--json report " + store_, {report_line()}, 3);
  expect_lines("--json verify " + store_, {verify_line()}, 3);
  EXPECT_EQ(fs::file_size(segment), size);
}

INSTANTIATE_TEST_SUITE_P(Crates, CliTest, testing::ValuesIn(kCrates), implementation_name);

}  // namespace
}  // namespace datawal::compat::cli_test
