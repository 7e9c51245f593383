#include "tools/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ranges>
#include <utility>

#include "datawal/frame.h"
#include "tools/arguments.h"

namespace datawal::cli {
namespace {

constexpr std::string_view kRootExamples =
    "  datawal put state --key cursor 42            store a value; it is durable on return\n"
    "  datawal get state --key cursor               print it\n"
    "  datawal scan state                           print every record, oldest first\n"
    "  datawal tail -f --json state                 follow the log as it is written\n"
    "  datawal export state backup.jsonl            write the live keys as JSON lines\n"
    "  datawal verify state                         check every byte\n";

constexpr std::string_view kExitCodes =
    "Exit codes:\n"
    "  0  done\n"
    "  1  the answer is no: no such key, version or txid\n"
    "  2  wrong arguments or input\n"
    "  3  done, and the log has a torn tail: nothing durable is lost\n"
    "  4  corruption: acknowledged records are damaged or missing\n"
    "  5  another writer has the store open\n"
    "  6  the operating system or the surroundings: no such store, no space, input/output\n"
    "  7  the store is of a format that this program does not know\n";

// Examples first: most people who ask for help want to see one.
class ExamplesFirst : public CLI::Formatter {
 public:
  // The list of subcommands has a line for each; their own help tells the rest.
  std::string make_subcommand(const CLI::App* sub) const override {
    const std::string& description = sub->get_description();
    std::stringstream line;
    CLI::detail::format_help(line, sub->get_name(), description.substr(0, description.find('\n')),
                             get_column_width());
    return line.str();
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    const bool is_root = app->get_parent() == nullptr;
    std::string help = app->get_description();
    help = help.substr(0, help.find('\n')) + "\n\n" + "Examples:\n" + app->get_footer() + "\n";
    help += make_usage(app, std::move(name));
    if (app->get_description().contains('\n')) {
      help += app->get_description().substr(app->get_description().find('\n')) + "\n";
    }
    help += make_positionals(app) + make_groups(app, mode) + make_subcommands(app, mode);
    if (is_root) help.append("\n").append(kExitCodes);
    while (help.ends_with("\n\n")) help.pop_back();
    return help;
  }
};

std::string version_text() {
  return "datawal " DATAWAL_VERSION " (wire version " + std::to_string(kWireVersion) + ")\n";
}

CommandFunction print(std::string text) {
  return [text = std::move(text)](Session& session) -> Result<ExitCode> {
    session.out.write(text);
    return ExitCode::kSuccess;
  };
}

Error usage_error(const CLI::App& root, const std::string& text) {
  std::string command;
  for (const CLI::App* const parser : root.get_subcommands()) command = parser->get_name() + " ";
  return {.code = ErrorCode::kInvalidArgument,
          .message = unprotected(text) + "; see 'datawal " + command + "--help'"};
}

}  // namespace

CommandLine::CommandLine()
    : root_(std::make_unique<CLI::App>(
          "datawal - look at, write and mend append-only logs and key/value stores", "datawal")) {
  const auto formatter = std::make_shared<ExamplesFirst>();
  formatter->label("REQUIRED", "(required)");
  root_->formatter(formatter);
  root_->footer(std::string(kRootExamples));
  root_->set_help_flag("-h,--help", "Print this help and exit");
  root_->set_version_flag("--version", version_text(), "Print the version and exit");
  add_flag(*root_, {.names = "--json", .description = "Print JSON, one object a line"},
           globals_.json);
  add_choice(
      *root_,
      {.names = "--color",
       .description = "When to use colours; auto means on a terminal, unless NO_COLOR is set"},
      {"auto", "always", "never"}, globals_.color);
  root_->require_subcommand(1);
  root_->fallthrough();

  add_scan_commands(*this);
  add_get_command(*this);
  add_history_command(*this);
  add_tail_command(*this);
  add_info_command(*this);
  add_segments_command(*this);
  add_stats_command(*this);
  add_write_commands(*this);
  add_append_command(*this);
  add_apply_command(*this);
  add_check_commands(*this);
  add_mend_commands(*this);
  add_export_command(*this);
  add_import_command(*this);
  add_compact_command(*this);
  add_backup_commands(*this);
  add_bench_command(*this);
  add_completion_command(*this);
}

CommandLine::~CommandLine() = default;

CLI::App& CommandLine::add(const CommandText& text, CommandFunction run) {
  CLI::App* const parser = root_->add_subcommand(
      text.name, text.details.empty() ? text.summary : text.summary + "\n" + text.details);
  parser->group(text.group);
  parser->footer(text.examples);
  commands_.push_back({parser, std::move(run)});
  return *parser;
}

Result<CommandFunction> CommandLine::parse(std::vector<std::string> arguments) {
  arguments = protect_arguments(std::move(arguments));
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    root_->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return print(root_->help());
  } catch (const CLI::CallForVersion&) {
    return print(version_text());
  } catch (const CLI::ParseError& error) {
    const bool is_unknown = root_->get_subcommands().empty() && !root_->remaining().empty();
    return std::unexpected(usage_error(
        *root_, is_unknown ? "unknown subcommand or option '" + root_->remaining().front() + "'"
                           : error.what()));
  }
  const auto command =
      std::ranges::find_if(commands_, [](const Command& each) { return each.parser->parsed(); });
  return command->run;
}

}  // namespace datawal::cli
