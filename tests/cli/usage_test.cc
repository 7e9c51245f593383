// Help, version, and wrong arguments.
#include "cli/cli_test.h"

namespace datawal::test::usage_test {
namespace {

using UsageCli = CliTest;

constexpr std::array<const char*, 26> kSubcommands = {
    "scan",       "get",      "report", "verify",  "dump",   "check", "export",
    "compact",    "put",      "delete", "append",  "import", "tail",  "info",
    "segments",   "history",  "repair", "salvage", "rotate", "apply", "stats",
    "completion", "snapshot", "backup", "bench",   "restore"};

TEST_F(UsageCli, TheProgramsHelpBeginsWithExamples) {
  const std::string help = output({"--help"});
  EXPECT_EQ(output({"-h"}), help);
  const std::size_t examples = help.find("\nExamples:\n");
  EXPECT_LT(examples, help.find("\nUsage: datawal "));
  EXPECT_LT(help.find("\nUsage: datawal "), help.find("\nOptions:\n"));
  for (const char* const name : kSubcommands) {
    EXPECT_THAT(help, HasSubstr(std::string("\n  ") + name + " "));
  }
  EXPECT_THAT(help, HasSubstr("Exit codes:\n  0  "));
  EXPECT_THAT(help, HasSubstr("\n  7  "));
}

TEST_F(UsageCli, EverySubcommandsHelpBeginsWithExamples) {
  for (const std::string name : kSubcommands) {
    const std::string help = output({name, "--help"});
    EXPECT_EQ(output({name, "-h"}), help);
    const std::size_t examples = help.find("\n\nExamples:\n  ");
    ASSERT_NE(examples, std::string::npos) << name;
    EXPECT_THAT(help.substr(examples), HasSubstr("datawal")) << name;
    EXPECT_EQ(help.find('\n'), examples) << name << ": one line before the examples";
    EXPECT_GT(help.find("\nUsage: datawal " + name + " "), examples) << name;
  }
}

TEST_F(UsageCli, TellsItsVersion) {
  EXPECT_THAT(output({"--version"}),
              ::testing::MatchesRegex("datawal [0-9.]+ \\(wire version 1\\)\n"));
}

TEST_F(UsageCli, WrongArgumentsAreTold) {
  const auto error_of = [this](const Words& words) {
    const Outcome outcome = expect("exit 2", words);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("datawal: error: "));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
    return outcome.err;
  };
  EXPECT_THAT(error_of({}), HasSubstr("see 'datawal --help'"));
  EXPECT_THAT(error_of({"frobnicate"}), HasSubstr("unknown subcommand or option 'frobnicate'"));
  EXPECT_THAT(error_of({"--frobnicate"}), HasSubstr("--frobnicate"));
  EXPECT_THAT(error_of({"scan"}), HasSubstr("STORE is required; see 'datawal scan --help'"));
  EXPECT_THAT(error_of({"scan", store(), "more"}), HasSubstr("more"));
  EXPECT_THAT(error_of({"scan", store(), "--frobnicate"}), HasSubstr("--frobnicate"));
  EXPECT_THAT(error_of({"scan", store(), "scan", store()}), HasSubstr("not expected"));
  EXPECT_THAT(error_of({"scan", store(), "--limit"}), HasSubstr("--limit"));
  EXPECT_THAT(error_of({"scan", store(), "--limit", "1", "--limit", "2"}), HasSubstr("--limit"));
  EXPECT_THAT(error_of({"scan", store(), "--bytes", "octal"}),
              HasSubstr("'octal' is not one of auto, raw, base64, hex"));
  EXPECT_THAT(error_of({"export", store()}), HasSubstr("OUTFILE is required"));
  EXPECT_THAT(error_of({"completion", "csh"}), HasSubstr("'csh' is not one of bash, zsh, fish"));
  EXPECT_THAT(error_of({"salvage", store(), "a\nb", "c"}), HasSubstr("c"));
}

TEST_F(UsageCli, NumbersAreDecimal) {
  for (const char* const number :
       {"", "x", "-1", "+1", "1.5", "0x10", " 1", "1 ", "1e3", "18446744073709551616", "[1]"}) {
    EXPECT_THAT(expect("exit 2", {"scan", store(), "--limit", number}).err,
                HasSubstr("is not a decimal number"));
  }
  expect("exit 2", {"scan", store(), "--from-segment", "4294967296"});
  make_sample_store();
  output({"scan", store(), "--limit", "18446744073709551615", "--from-segment", "4294967295"});
  EXPECT_EQ(std::ranges::count(output({"scan", store(), "--limit", "010"}), '\n'), 5);
}

TEST_F(UsageCli, ErrorsStayOnOneLine) {
  const Outcome outcome = expect("exit 6", {"scan", path("bad\nname\x1b[31m")});
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
  EXPECT_THAT(outcome.err, HasSubstr("bad\\x0aname\\x1b[31m"));
}

}  // namespace
}  // namespace datawal::test::usage_test
