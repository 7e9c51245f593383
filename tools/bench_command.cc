// bench: how fast a store would be on this disk.
#include <algorithm>
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/disk_bench.h"
#include "tools/json_line.h"
#include "tools/render.h"
#include "tools/signals.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::uint64_t kKeysDefault = 100'000;
constexpr std::uint64_t kDurablePutsDefault = 200;
constexpr std::uint64_t kValueSizeDefault = 100;
constexpr std::uint64_t kKeysMax = 1'000'000'000;

struct BenchArguments {
  std::optional<std::string> directory;
  std::optional<std::uint64_t> keys;
  std::optional<std::uint64_t> durable_puts;
  std::optional<std::uint64_t> value_size;
};

std::uint64_t nanoseconds_each(const BenchStep& step) {
  if (step.operations == 0) return 0;
  return static_cast<std::uint64_t>(step.elapsed.count()) / step.operations;
}

std::string json_text(const BenchStep& step, const BenchPlan& plan) {
  std::optional<std::uint64_t> half;
  std::optional<std::uint64_t> most;
  if (step.latency) {
    half = step.latency->percentile(50);
    most = step.latency->percentile(99);
  }
  JsonLine json("bench");
  json.text("step", step.name)
      .number("operations", step.operations)
      .number("value_bytes", plan.value_size)
      .number("elapsed_ns", static_cast<std::uint64_t>(step.elapsed.count()))
      .number("operation_ns", nanoseconds_each(step))
      .number("p50_ns", half)
      .number("p99_ns", most);
  return std::string(json.finish());
}

void append_cell(std::string& line, const std::string& text) {
  constexpr std::size_t kWidth = 12;
  line.append(kWidth - std::min(kWidth, text.size()), ' ').append(text);
}

std::string latency_text(std::uint64_t nanoseconds) {
  return cli::latency_text(std::chrono::nanoseconds(nanoseconds));
}

std::string human_text(const BenchStep& step) {
  constexpr std::size_t kNameWidth = 12;
  std::string line(step.name);
  line.append(kNameWidth - std::min(kNameWidth, line.size()), ' ');
  append_cell(line, std::to_string(step.operations));
  append_cell(line, latency_text(nanoseconds_each(step)));
  append_cell(line, step.latency ? latency_text(step.latency->percentile(50)) : "-");
  append_cell(line, step.latency ? latency_text(step.latency->percentile(99)) : "-");
  return line + "\n";
}

void print(Session& session, const std::vector<BenchStep>& steps, const BenchPlan& plan) {
  if (session.json) {
    for (const BenchStep& step : steps) session.out.write(json_text(step, plan));
    return;
  }
  session.out.write("step          operations        each         p50         p99\n");
  for (const BenchStep& step : steps) session.out.write(human_text(step));
  session.out.write("Keys of 16 bytes, values of " + std::to_string(plan.value_size) +
                    ". Indicative only: one run, in a warm page cache, on a\nmachine as busy as it "
                    "was just now.\n");
}

Result<ExitCode> run_bench(const BenchArguments& arguments, Session& session) {
  const BenchPlan plan = {
      .keys = arguments.keys.value_or(kKeysDefault),
      .durable_puts = arguments.durable_puts.value_or(kDurablePutsDefault),
      .value_size = static_cast<std::size_t>(arguments.value_size.value_or(kValueSizeDefault))};
  catch_stop_signals();  // so that the directory goes in any case
  auto directory = TemporaryDirectory::make(arguments.directory.value_or("."));
  if (!directory) return in_context("bench", std::move(directory).error());
  const auto steps = run_disk_bench(directory->path(), plan, stop_was_requested);
  if (!steps) return in_context("bench", steps.error());
  print(session, *steps, plan);
  if (!stop_was_requested()) return ExitCode::kSuccess;
  session.diagnostics.note("stopped before the end");
  return ExitCode::kNegative;
}

}  // namespace

void add_bench_command(CommandLine& line) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App& command = line.add(
      {.name = "bench",
       .group = kOtherGroup,
       .summary = "Measure how fast a store is on this disk",
       .examples = "  datawal bench\n"
                   "  datawal bench /srv/data --keys 1000000 --value-size 1024\n",
       .details =
           "Puts, gets, puts durably, scans and opens a store in a temporary directory below DIR,\n"
           "which is the current directory if not given, and removes it. Needs space for twice "
           "the\n"
           "values. One run says little on a busy machine: the numbers are indicative."},
      [arguments](Session& session) { return run_bench(*arguments, session); });
  add_path(command, {.names = "DIR", .description = "Where, on the disk to measure"},
           arguments->directory);
  add_number(command, {.names = "--keys", .description = "How many keys (100000)"}, arguments->keys,
             kKeysMax);
  add_number(command, {.names = "--durable", .description = "How many durable puts (200)"},
             arguments->durable_puts, kKeysMax);
  add_number(command, {.names = "--value-size", .description = "Bytes of each value (100)"},
             arguments->value_size, kPayloadSizeMax);
}

}  // namespace datawal::cli
