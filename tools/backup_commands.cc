// snapshot, backup and restore: the whole store as another one.
#include <memory>
#include <optional>

#include "base/try.h"
#include "tools/arguments.h"
#include "tools/command_line.h"
#include "tools/json_line.h"
#include "tools/progress.h"
#include "tools/render.h"
#include "tools/store_access.h"

namespace datawal::cli {
namespace {

constexpr std::size_t kWidth = 20;

struct CopyArguments {
  std::string source;
  std::string target;
  std::optional<std::uint64_t> to_txid;
};

void print_stats(Session& session, const std::string& kind, const std::string& target,
                 const CopyStats& stats) {
  if (session.json) {
    JsonLine json(kind);
    json.text("target", target)
        .number("segments_linked", stats.segments_linked)
        .number("segments_copied", stats.segments_copied)
        .number("segments_unchanged", stats.segments_unchanged)
        .number("bytes_copied", stats.bytes_copied)
        .number("bytes", stats.bytes)
        .number("records", stats.records)
        .number("last_txid", stats.last_txid);
    return session.out.write(json.finish());
  }
  std::string text;
  append_labelled(text, "schema", kWidth, kSchema);
  append_labelled(text, "kind", kWidth, kind);
  append_labelled(text, "target", kWidth, one_line(target));
  append_labelled(text, "segments_linked", kWidth, stats.segments_linked);
  append_labelled(text, "segments_copied", kWidth, stats.segments_copied);
  append_labelled(text, "segments_unchanged", kWidth, stats.segments_unchanged);
  append_labelled(text, "bytes_copied", kWidth, stats.bytes_copied);
  append_labelled(text, "bytes", kWidth, stats.bytes);
  append_labelled(text, "records", kWidth, stats.records);
  append_labelled(text, "last_txid", kWidth, stats.last_txid);
  session.out.write(text);
}

// Runs `work` and tells of it under the name `kind`. `passes` is how often the log is read or
// written for it.
template <typename Work>
Result<ExitCode> run_copy(Session& session, const std::string& kind, const CopyArguments& arguments,
                          unsigned passes, Work work) {
  std::optional<Progress> progress(std::in_place, session, kind,
                                   passes * log_size(arguments.source));
  Result<CopyStats> stats = work();
  progress.reset();
  if (!stats) {
    return in_context(kind + " " + arguments.source + " to " + arguments.target,
                      std::move(stats).error());
  }
  print_stats(session, kind, arguments.target, *stats);
  return judge_tail(session, arguments.source, stats->tail);
}

Result<ExitCode> run_snapshot(const CopyArguments& arguments, Session& session) {
  return run_copy(session, "snapshot", arguments, 1,
                  [&] { return checkpoint(arguments.source, arguments.target); });
}

Result<ExitCode> run_backup(const CopyArguments& arguments, Session& session) {
  return run_copy(session, "backup", arguments, 2,
                  [&] { return backup(arguments.source, arguments.target); });
}

Result<ExitCode> run_restore(const CopyArguments& arguments, Session& session) {
  return run_copy(session, "restore", arguments, 2, [&] {
    return restore(arguments.source, arguments.target, {.to_txid = arguments.to_txid});
  });
}

void add_snapshot(CommandLine& line) {
  const auto arguments = std::make_shared<CopyArguments>();
  CLI::App& command = line.add(
      {.name = "snapshot",
       .group = kMoveGroup,
       .summary = "Make a copy of the store that shares its closed segments",
       .examples = "  datawal snapshot state state.tuesday\n",
       .details =
           "Closed segments become further names of the same files, where the filesystem has such\n"
           "and the target is in the same one; the last is copied. The copy is a store of its "
           "own,\n"
           "appears whole and synced, or not at all, and must not exist or be an empty directory.\n"
           "The source may be in use."},
      [arguments](Session& session) { return run_snapshot(*arguments, session); });
  add_store(command, arguments->source);
  add_path(command, {.names = "TARGET", .description = "The copy's directory"}, arguments->target);
}

void add_backup(CommandLine& line) {
  const auto arguments = std::make_shared<CopyArguments>();
  CLI::App& command = line.add(
      {.name = "backup",
       .group = kMoveGroup,
       .summary = "Make a backup of the store, or bring one up to date",
       .examples = "  datawal backup state /mnt/state.backup\n",
       .details =
           "The backup is a store with files of its own. Where there is one already, only what "
           "has\n"
           "changed is copied, and it changes at one instant. What is there and is no backup of\n"
           "this store, or has been written to, is refused. The source may be in use."},
      [arguments](Session& session) { return run_backup(*arguments, session); });
  add_store(command, arguments->source);
  add_path(command, {.names = "TARGET", .description = "The backup's directory"},
           arguments->target);
}

void add_restore(CommandLine& line) {
  const auto arguments = std::make_shared<CopyArguments>();
  CLI::App& command = line.add(
      {.name = "restore",
       .group = kMoveGroup,
       .summary = "Make a new store of a backup, of all of it or up to a txid",
       .examples = "  datawal restore /mnt/state.backup state.restored\n"
                   "  datawal restore /mnt/state.backup state.before --to-txid 1000\n",
       .details =
           "The new store has the same records, byte for byte, in files of its own. It appears\n"
           "whole and synced, or not at all, and must not exist or be an empty directory. Where\n"
           "records up to the txid are missing, as after a compaction, it is refused."},
      [arguments](Session& session) { return run_restore(*arguments, session); });
  add_path(command, {.names = "SOURCE", .description = "A backup, or any store"},
           arguments->source);
  add_path(command, {.names = "TARGET", .description = "The new store's directory"},
           arguments->target);
  add_number(command,
             {.names = "--to-txid",
              .description = "End with this record; without it, with the newest",
              .value = "N"},
             arguments->to_txid);
}

}  // namespace

void add_backup_commands(CommandLine& line) {
  add_snapshot(line);
  add_backup(line);
  add_restore(line);
}

}  // namespace datawal::cli
