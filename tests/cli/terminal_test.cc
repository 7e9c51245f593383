// What a person at a terminal sees: cut values, colours, progress.
#include "cli/cli_test.h"

namespace datawal::test::terminal_test {
namespace {

class TerminalCli : public CliTest {
 protected:
  // What a terminal shows that is the command's standard output and standard error.
  std::string shown(const Words& words, const CommandOptions& options = {}) {
    TerminalCommand command(words, {}, options);
    return command.finish().out;
  }
};

TEST_F(TerminalCli, GetCutsALongValueAndSaysSo) {
  output({"put", store(), "--key", "k", std::string(100, 'v')});
  EXPECT_EQ(shown({"get", store(), "--key", "k"}),
            std::string(64, 'v') +
                "...\r\n"
                "datawal: get: 36 of 100 bytes are not shown; use --no-truncate\r\n");
  EXPECT_EQ(shown({"get", store(), "--key", "k", "--no-truncate"}), std::string(100, 'v') + "\r\n");
  EXPECT_EQ(shown({"get", store(), "--key", "k", "--bytes", "raw"}), std::string(100, 'v'));
  EXPECT_THAT(shown({"get", store(), "--key", "k", "--bytes", "hex"}),
              HasSubstr("7676...\r\ndatawal: get: 36 of 100 bytes are not shown"));
}

TEST_F(TerminalCli, GetShowsShortTextAndNoBinary) {
  output({"put", store(), "--key", "text", "hello"});
  output({"put", store(), "--key", "binary", "-"}, {.in = std::string("\0\x1b[2J\xff", 6)});
  EXPECT_EQ(shown({"get", store(), "--key", "text"}), "hello\r\n");
  EXPECT_EQ(shown({"get", store(), "--key", "binary"}),
            "<binary value, 6 bytes; use --bytes base64 or --bytes hex>\r\n");
  EXPECT_EQ(shown({"get", store(), "--key", "binary", "--bytes", "base64"}), "ABtbMkr/\r\n");
  EXPECT_EQ(shown({"get", store(), "--key", "binary", "--bytes", "hex"}), "001b5b324aff\r\n");
}

TEST_F(TerminalCli, GetWritesExactBytesToAPipeWhateverStandardErrorIs) {
  output({"put", store(), "--key", "k", std::string(100, 'v')});
  TerminalCommand command({"get", store(), "--key", "k"}, {.out = false, .err = true});
  const Outcome outcome = command.finish();
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, std::string(100, 'v'));
}

TEST_F(TerminalCli, ColoursAreForTerminals) {
  make_sample_store();
  const std::string colored = "type=\x1b[32mPUT\x1b[0m txid";
  EXPECT_THAT(shown({"scan", store()}), HasSubstr(colored));
  EXPECT_THAT(shown({"scan", store(), "--color", "never"}), HasSubstr("type=PUT txid"));
  EXPECT_THAT(shown({"scan", store()}, {.environment = {"NO_COLOR=1"}}),
              HasSubstr("type=PUT txid"));
  EXPECT_THAT(shown({"scan", store()}, {.environment = {"NO_COLOR="}}), HasSubstr(colored));
  EXPECT_THAT(shown({"scan", store()}, {.environment = {"TERM=dumb"}}), HasSubstr("type=PUT txid"));
  EXPECT_THAT(shown({"scan", store(), "--color", "always"}, {.environment = {"NO_COLOR=1"}}),
              HasSubstr(colored));
  EXPECT_THAT(output({"scan", store()}), HasSubstr("type=PUT txid"));
  EXPECT_THAT(output({"--color=always", "scan", store()}), HasSubstr(colored));
  EXPECT_THAT(shown({"scan", "--json", store()}), Not(HasSubstr("\x1b")));
  expect("exit 2", {"scan", store(), "--color", "sometimes"});
}

TEST_F(TerminalCli, ErrorsAreColouredToo) {
  EXPECT_THAT(shown({"scan", path("missing")}), StartsWith("datawal: \x1b[1;31merror:\x1b[0m "));
  EXPECT_THAT(shown({"scan", path("missing"), "--color", "never"}), StartsWith("datawal: error: "));
}

// An apply that waits for its input takes as long as the test likes.
TEST_F(TerminalCli, LongWorkShowsItsProgress) {
  RunningCommand quiet({"apply", path("quiet")});
  ASSERT_TRUE(quiet.write("{\"op\":\"append\",\"value\":\"x\"}\n"));
  ASSERT_TRUE(quiet.read_line());
  TerminalCommand apply({"apply", store()}, {.out = false, .err = true});
  apply.write("{\"op\":\"append\",\"value\":\"x\"}\n");
  EXPECT_TRUE(apply.wait_for("apply: 28 B, "));
  EXPECT_TRUE(apply.wait_for(" B/s"));
  const Outcome outcome = apply.finish();
  EXPECT_EQ(outcome.end, "exit 0");
  // The line is gone at the end.
  EXPECT_THAT(outcome.out, ::testing::EndsWith("\r\x1b[K"));
  EXPECT_THAT(outcome.err, HasSubstr("\"line\":1,"));
}

TEST_F(TerminalCli, NoProgressAmongTheRecordsOnATerminal) {
  TerminalCommand reference({"apply", path("reference")}, {.out = false, .err = true});
  TerminalCommand apply({"apply", store()}, {});
  apply.write("{\"op\":\"append\",\"value\":\"x\"}\n");
  EXPECT_TRUE(apply.wait_for("\"durable\":true}\r\n"));
  reference.write("{\"op\":\"append\",\"value\":\"x\"}\n");
  EXPECT_TRUE(reference.wait_for("B/s"));  // by now the other would have shown some too
  EXPECT_THAT(apply.finish().out, Not(HasSubstr("apply: ")));
}

}  // namespace
}  // namespace datawal::test::terminal_test
