// What the manual page and docs/cli.md say of the command is so.
#include <regex>
#include <set>

#include "cli/cli_test.h"

namespace datawal::test::documentation_test {
namespace {

constexpr const char* kManual = DATAWAL_SOURCE_DIR "/docs/man/datawal.1";
constexpr const char* kReference = DATAWAL_SOURCE_DIR "/docs/cli.md";

class DocumentationCli : public CliTest {
 protected:
  // The subcommands, as the completion script for bash lists them.
  Words subcommands() {
    const std::string script = output({"completion", "bash"});
    std::smatch match;
    EXPECT_TRUE(std::regex_search(script, match, std::regex("case \\$word in ([a-z|]+)\\)")));
    Words names;
    std::string list = match[1].str() + "|";
    for (std::size_t bar = 0; (bar = list.find('|')) != std::string::npos; list.erase(0, bar + 1)) {
      names.push_back(list.substr(0, bar));
    }
    return names;
  }

  // The long options in the help of the program or of a subcommand.
  std::set<std::string> options_of(const Words& words) {
    const std::string help = output(words);
    const std::string options = help.substr(std::min(help.find("\nOptions:\n"), help.size()));
    const std::regex pattern("\n  (?:-.,)?(--[a-z0-9-]+|-n)");
    std::set<std::string> names;
    for (std::sregex_iterator match(options.begin(), options.end(), pattern), end; match != end;
         ++match) {
      names.insert((*match)[1].str());
    }
    return names;
  }
};

TEST_F(DocumentationCli, TheManualIsCleanMdoc) {
  const Outcome lint = run_program("mandoc", {"-Tlint", "-Wwarning", kManual});
  EXPECT_EQ(lint.end, "exit 0") << ::testing::PrintToString(lint);
  EXPECT_EQ(lint.out, "");
}

TEST_F(DocumentationCli, TheManualNamesEverySubcommandAndOption) {
  const Outcome page = run_program("mandoc", {"-Tutf8", "-O", "width=200", kManual});
  ASSERT_EQ(page.end, "exit 0");
  const std::string text = std::regex_replace(page.out, std::regex(".\b"), "");
  std::set<std::string> options = options_of({"--help"});
  for (const std::string& name : subcommands()) {
    EXPECT_THAT(text, HasSubstr("\n     " + name + " ")) << name;
    options.merge(options_of({name, "--help"}));
  }
  for (const std::string& option : options) EXPECT_THAT(text, HasSubstr(option));
}

TEST_F(DocumentationCli, TheReferenceNamesEverySubcommandAndItsOptions) {
  const std::string text = read_text(kReference);
  for (const std::string& option : options_of({"--help"})) {
    EXPECT_THAT(text, HasSubstr("`" + option));
  }
  for (const std::string& name : subcommands()) {
    const std::size_t begin = text.find("\n### " + name + "\n");
    ASSERT_NE(begin, std::string::npos) << name;
    const std::string section = text.substr(begin, text.find("\n## ", begin) - begin);
    const std::string own = section.substr(0, section.find("\n### ", 1));
    for (const std::string& option : options_of({name, "--help"})) {
      if (option == "--help") continue;
      EXPECT_THAT(own, HasSubstr("`" + option)) << name;
    }
  }
}

// Every block of shell in the reference, in order, in one empty directory.
TEST_F(DocumentationCli, TheExamplesOfTheReferenceRun) {
  const std::string text = read_text(kReference);
  const std::string fence = "\n```sh\n";
  std::string script;
  std::size_t begin = 0;
  while ((begin = text.find(fence, begin)) != std::string::npos) {
    begin += fence.size();
    script += text.substr(begin, text.find("\n```", begin) - begin) + "\n";
  }
  ASSERT_GT(std::ranges::count(script, '\n'), 20);
  const std::string bin = std::filesystem::path(DATAWAL_CLI_PATH).parent_path().string();
  const Outcome outcome =
      run_program("bash", {"-euo", "pipefail", "-c", "PATH=$0:$PATH\n" + script, bin},
                  {.directory = directory()});
  EXPECT_EQ(outcome.end, "exit 0") << ::testing::PrintToString(outcome);
}

}  // namespace
}  // namespace datawal::test::documentation_test
