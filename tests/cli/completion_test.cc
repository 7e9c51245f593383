// The completions, tried out in the shells that they are for.
#include "cli/cli_test.h"

namespace datawal::test::completion_test {
namespace {

class CompletionCli : public CliTest {
 protected:
  void SetUp() override {
    for (const char* const shell : {"bash", "zsh", "fish"}) {
      write_text(path(shell), output({"completion", shell}));
    }
    std::filesystem::create_directory(path("a-directory"));
    write_text(path("a-file"), "");
  }

  std::string run_shell(const std::string& shell, const Words& arguments) {
    const Outcome outcome =
        run_program(shell, arguments, {.directory = directory(), .environment = {home()}});
    EXPECT_EQ(outcome.end, "exit 0") << ::testing::PrintToString(outcome);
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }

  // What bash offers for the last of `words`, one a line.
  std::string bash(const std::string& words) {
    return run_shell("bash", {"--norc", "-c",
                              "source ./bash; COMP_WORDS=(" + words +
                                  "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _datawal; "
                                  "printf '%s\\n' \"${COMPREPLY[@]}\" | sort"});
  }

  // What fish offers at the end of `line`, one a line, without descriptions.
  std::string fish(const std::string& line) {
    return run_shell("fish", {"--no-config", "-c",
                              "source ./fish; complete -C '" + line +
                                  "' | string replace -r '\\t.*' '' | sort"});
  }

  // What zsh offers at the end of `line`, one a line.
  std::string zsh(const std::string& line) {
    return run_shell("zsh", {"-f", "-c", kZshCapture, "zsh", path("zsh"), line});
  }

 private:
  [[nodiscard]] std::string home() const { return "HOME=" + directory().string(); }

  // Types a line and a tab into a zsh of its own, in which every match is printed as it is added.
  // That it is ready is not to be read from the echo of what was typed.
  static constexpr const char* kZshCapture = R"(
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PS1= ; PS2= ; unsetopt zle_bracketed_paste; stty -echo; setopt no_beep'
    zpty -w shell 'autoload -Uz compinit; compinit -D -u; LISTMAX=10000'
    zpty -w shell "source $1"
    zpty -w shell 'compadd() { builtin compadd -O found "$@"'
    zpty -w shell '(( $#found )) && print -rl -- "[["$^found"]]"; builtin compadd "$@" }'
    zpty -w shell 'show() { _main_complete; print -r -- "[[done]]";'
    zpty -w shell 'compstate[insert]= ; compstate[list]= }'
    zpty -w shell 'zle -C show complete-word show; bindkey "^I" show; print rea""dy'
    zpty -r shell text '*ready*'
    zpty -w -n shell "$2"$'\t'
    zpty -r shell text '*\[\[done\]\]*'
    zpty -d shell
    print -r -- "$text" | tr -d '\r' | sed -n 's/.*\[\[\(.*\)\]\]$/\1/p' | grep -vx done | sort -u
  )";
};

TEST_F(CompletionCli, BashOffersSubcommands) {
  EXPECT_EQ(bash("datawal sc"), "scan\n");
  EXPECT_EQ(bash("datawal re"), "repair\nreport\nrestore\n");
  EXPECT_EQ(bash("datawal --json re"), "repair\nreport\nrestore\n");
  EXPECT_EQ(std::ranges::count(bash("datawal ''"), '\n'), 26);
}

TEST_F(CompletionCli, BashOffersOptionsAndTheirValues) {
  EXPECT_EQ(bash("datawal scan --from"), "--from-offset\n--from-segment\n");
  EXPECT_EQ(bash("datawal put state --key"), "--key\n--key-base64\n--key-hex\n");
  EXPECT_THAT(
      bash("datawal check --"),
      ::testing::AllOf(HasSubstr("--json\n"), HasSubstr("--help\n"), Not(HasSubstr("--bytes"))));
  EXPECT_EQ(bash("datawal scan --bytes ''"), "auto\nbase64\nhex\nraw\n");
  EXPECT_EQ(bash("datawal scan --color a"), "always\nauto\n");
  EXPECT_EQ(bash("datawal apply --sync ''"), "always\nbatch=\nend\n");
  EXPECT_EQ(bash("datawal completion ''"), "bash\nfish\nzsh\n");
  EXPECT_EQ(bash("datawal scan --limit ''"), "\n");
}

TEST_F(CompletionCli, BashOffersDirectoriesAndFiles) {
  EXPECT_EQ(bash("datawal scan a-"), "a-directory\n");
  EXPECT_EQ(bash("datawal export state a-"), "a-directory\na-file\n");
  EXPECT_EQ(bash("datawal put state --value-file a-f"), "a-file\n");
}

TEST_F(CompletionCli, FishOffersTheSame) {
  EXPECT_EQ(fish("datawal re"), "repair\nreport\nrestore\n");
  EXPECT_EQ(fish("datawal scan --from"), "--from-offset\n--from-segment\n");
  EXPECT_EQ(fish("datawal scan --bytes "), "auto\nbase64\nhex\nraw\n");
  EXPECT_EQ(fish("datawal completion "), "bash\nfish\nzsh\n");
  EXPECT_EQ(fish("datawal scan a-"), "a-directory/\n");
  EXPECT_EQ(fish("datawal put state --value-file a-f"), "a-file\n");
}

TEST_F(CompletionCli, ZshOffersTheSame) {
  EXPECT_EQ(zsh("datawal re"), "repair\nreport\nrestore\n");
  EXPECT_EQ(zsh("datawal scan --from"), "--from-offset\n--from-segment\n");
  EXPECT_EQ(zsh("datawal scan --bytes "), "auto\nbase64\nhex\nraw\n");
  EXPECT_EQ(zsh("datawal completion "), "bash\nfish\nzsh\n");
}

TEST_F(CompletionCli, JsonChangesNothing) {
  EXPECT_EQ(output({"--json", "completion", "bash"}), output({"completion", "bash"}));
}

}  // namespace
}  // namespace datawal::test::completion_test
