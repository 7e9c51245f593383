// repair and salvage: what can be had back from a damaged store.
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/records.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kSalvageWidth = 18;

struct RepairArguments {
  std::string store;
  bool apply = false;
};

struct SalvageArguments {
  std::string source;
  std::string target;
};

void print_action(Session& session, const RepairAction& action) {
  if (session.json) {
    JsonLine json("repair_action");
    json.number("segment", std::to_underlying(action.segment))
        .number("offset", action.offset)
        .number("frames_kept", action.frames_kept)
        .number("bytes_set_aside", action.bytes_set_aside)
        .text("quarantine", action.quarantine);
    return session.out.write(json.finish());
  }
  session.out.write("seg=" + segment_text(action.segment) +
                    " off=" + std::to_string(action.offset) +
                    " frames_kept=" + std::to_string(action.frames_kept) +
                    " bytes_set_aside=" + std::to_string(action.bytes_set_aside) +
                    (action.quarantine.empty() ? "" : " quarantine=" + action.quarantine) + "\n");
}

void print_summary(Session& session, const RepairReport& report, bool applied) {
  std::uint64_t bytes_set_aside = 0;
  for (const RepairAction& action : report.actions) bytes_set_aside += action.bytes_set_aside;
  if (session.json) {
    JsonLine json("repair");
    json.boolean("applied", applied)
        .number("segments", report.actions.size())
        .number("damages", report.found.damage_count)
        .number("bytes_set_aside", bytes_set_aside)
        .boolean("drops_watermark", report.drops_watermark);
    return session.out.write(json.finish());
  }
  if (!report.is_needed()) return session.out.write("nothing to repair\n");
  session.out.write((applied ? "repaired" : "would repair") + std::string(" segments=") +
                    std::to_string(report.actions.size()) +
                    " damages=" + std::to_string(report.found.damage_count) +
                    " bytes_set_aside=" + std::to_string(bytes_set_aside) +
                    (applied ? "\n" : "; nothing has been changed, --apply does it\n"));
}

// What a dry run has found is what verify would say.
ExitCode judge_dry_run(Session& session, const std::string& store, RepairReport& report) {
  if (!report.found.refusal) return judge_tail(session, store, report.found.tail);
  session.diagnostics.warning("repair: " + report.found.refusal->to_string());
  return exit_code_of(report.found.refusal->code);
}

Result<ExitCode> run_repair(const RepairArguments& arguments, Session& session) {
  std::optional<Progress> progress(std::in_place, session, "repair", log_size(arguments.store));
  Result<RepairReport> report = repair(arguments.store, arguments.apply ? Apply::kYes : Apply::kNo);
  progress.reset();
  if (!report) return in_context("repair " + arguments.store, std::move(report).error());
  for (const RepairAction& action : report->actions) print_action(session, action);
  print_summary(session, *report, arguments.apply);
  return arguments.apply ? ExitCode::kSuccess : judge_dry_run(session, arguments.store, *report);
}

void print_salvage(Session& session, const std::string& target, const SalvageReport& report) {
  if (session.json) {
    JsonLine json("salvage");
    json.text("target", target)
        .number("frames_recovered", report.frames_recovered)
        .number("bytes_recovered", report.bytes_recovered)
        .number("bytes_lost", report.bytes_lost)
        .number("losses", report.loss_count);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kSalvageWidth, kSchema);
  append_labelled(text, "kind", kSalvageWidth, "salvage");
  append_labelled(text, "target", kSalvageWidth, one_line(target));
  append_labelled(text, "frames_recovered", kSalvageWidth, report.frames_recovered);
  append_labelled(text, "bytes_recovered", kSalvageWidth, report.bytes_recovered);
  append_labelled(text, "bytes_lost", kSalvageWidth, report.bytes_lost);
  append_labelled(text, "losses", kSalvageWidth, report.loss_count);
  session.out.write(text);
}

// The target is whole in any case; the code tells what the source was. One loss may be a torn tail,
// which only the rules of recovery can tell from rot.
Result<ExitCode> judge_losses(Session& session, const std::string& source,
                              const SalvageReport& report) {
  if (report.loss_count == 0) return ExitCode::kSuccess;
  if (report.loss_count > 1) return ExitCode::kCorruption;
  DATAWAL_TRY_ASSIGN(VerifyReport found, verify(source, {}, VerifyScope::kLog));
  if (found.refusal) return ExitCode::kCorruption;
  return judge_tail(session, source, found.tail);
}

Result<ExitCode> run_salvage(const SalvageArguments& arguments, Session& session) {
  std::optional<Progress> progress(std::in_place, session, "salvage", log_size(arguments.source));
  Result<SalvageReport> report = salvage(arguments.source, arguments.target);
  progress.reset();
  if (!report) return in_context("salvage " + arguments.source, std::move(report).error());
  for (const SalvageFinding& finding : report->findings) {
    session.diagnostics.warning("salvage: '" + finding.name + "' " + finding.message);
  }
  if (report->loss_count > 0) {
    session.diagnostics.warning("salvage: " + std::to_string(report->bytes_lost) +
                                " bytes are in no intact record; they are listed in '" +
                                arguments.target + "/loss-report.jsonl'");
  }
  print_salvage(session, arguments.target, *report);
  return judge_losses(session, arguments.source, *report);
}

}  // namespace

void add_mend_commands(CommandLine& line) {
  const auto repair_arguments = std::make_shared<RepairArguments>();
  CLI::App& repair = line.add(
      {.name = "repair",
       .group = kMendGroup,
       .summary = "Say what would make a damaged store whole, and with --apply do it",
       .examples = "  datawal repair state\n"
                   "  datawal repair state --apply\n",
       .details =
           "A damaged segment is replaced by its intact records; as it was, it stays beside them\n"
           "under a quarantine name. Nothing is ever destroyed. Without --apply nothing is "
           "changed,\n"
           "and the exit code is that of verify."},
      [repair_arguments](Session& session) { return run_repair(*repair_arguments, session); });
  add_store(repair, repair_arguments->store);
  add_flag(repair, {.names = "--apply", .description = "Mend the store; takes the writer lock"},
           repair_arguments->apply);

  const auto salvage_arguments = std::make_shared<SalvageArguments>();
  CLI::App& salvage = line.add(
      {.name = "salvage",
       .group = kMendGroup,
       .summary = "Copy every intact record to a new store, whatever is between them",
       .examples = "  datawal salvage broken rescued\n",
       .details =
           "Finds the records behind a torn tail that the Rust crate has written over, too. What\n"
           "was left behind is listed in loss-report.jsonl in the new store. Exits with 0 if\n"
           "nothing was, with 3 if it was only a torn tail, with 4 otherwise."},
      [salvage_arguments](Session& session) { return run_salvage(*salvage_arguments, session); });
  add_path(salvage, {.names = "SRC", .description = "The damaged store"},
           salvage_arguments->source);
  add_path(
      salvage,
      {.names = "DST", .description = "The new store; must not exist, or be an empty directory"},
      salvage_arguments->target);
}

}  // namespace datawal::cli
