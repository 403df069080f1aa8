// The conversation of `linnet run` in a terminal: keys, pastes, commands, Ctrl-C.
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT: SIGTERM
#include <sys/stat.h>

#include <algorithm>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "tests/cli/run_linnet.h"
#include "tests/cli/terminal_session.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

constexpr const char* kReady = "Ctrl-D ends";

// A tiny model whose template shows each turn; its context is long enough for long pastes.
class Chat : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!terminals_here()) GTEST_SKIP() << "no pseudo-terminal can be had here (/dev/ptmx, /dev/pts)";
  }
  Chat() {
    std::filesystem::copy(fixtures() / "llama/causal", folder_);
    write_file(
        folder_ / "chat_template.jinja",
        "{{ bos_token }}{% for m in messages %} {{ 'w9' if m.role == 'user' else 'w10' }} {{ m.content }}{% endfor %}");
    Json config = read_json(folder_ / "config.json");
    config["max_position_embeddings"] = 40000;
    write_file(folder_ / "config.json", dump_json(config));
  }
  std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"run", "-m", folder_.string(), "--dtype", "f32", "--no-do-sample"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  TerminalOptions options(int columns = 80) const {
    return {.columns = columns, .environment = {{"LINNET_CACHE", cache().string()}}};
  }
  std::filesystem::path cache() const { return scratch_ / "cache"; }
  // The file of /save.
  Json saved() const { return read_json(scratch_ / "saved.json")["messages"]; }
  std::string save() const { return "/save " + (scratch_ / "saved.json").string() + "\r"; }

  Scratch scratch_;
  std::filesystem::path folder_ = scratch_ / "model";
};

// A pasted line was silently truncated to 4,095 characters.
TEST_F(Chat, APasteOf20000CharactersArrivesWhole) {
  std::string text;
  while (text.size() < 20000) text += "w" + std::to_string(5 + text.size() % 7) + " ";
  for (const std::string& typed : {"\033[200~" + text + "\033[201~\r", text + "\r"}) {  // with paste marks, and as keys
    std::filesystem::remove(scratch_ / "saved.json");
    TerminalSession chat(arguments({"-n", "1"}), options());
    ASSERT_TRUE(chat.wait_for(kReady)) << chat.output();
    chat.type(typed);
    ASSERT_TRUE(chat.wait_for("tokens/s]", 120)) << chat.output().substr(0, 2000);
    chat.type(save());
    ASSERT_TRUE(chat.wait_for("[saved")) << chat.output();
    chat.type("/exit\r");
    EXPECT_EQ(chat.finish(), 0);
    EXPECT_EQ(saved()[0]["content"], text);
  }
}

// A paste of four lines became four turns.
TEST_F(Chat, APasteOf40LinesIsOneTurn) {
  std::string text, keys;
  for (int i = 0; i < 40; ++i) text += "w" + std::to_string(5 + i % 9) + " zwei\tdrei é漢" + (i < 39 ? "\n" : "");
  for (const char c : text) keys += c == '\n' ? std::string("\r") : std::string(1, c);  // as terminals send it
  TerminalSession chat(arguments({"-n", "1"}), options(60));
  ASSERT_TRUE(chat.wait_for(kReady)) << chat.output();
  chat.type("\033[200~" + keys + "\033[201~\r");
  ASSERT_TRUE(chat.wait_for("tokens/s]", 60)) << chat.output();
  chat.type(save());
  ASSERT_TRUE(chat.wait_for("[saved")) << chat.output();
  chat.type("\x04");
  EXPECT_EQ(chat.finish(), 0);
  ASSERT_EQ(saved().size(), 2u);
  EXPECT_EQ(saved()[0]["content"], text);
}

// Arrow keys printed ^[[A.
TEST_F(Chat, ArrowsEditAndRecall) {
  {
    TerminalSession chat(arguments({"-n", "1"}), options());
    ASSERT_TRUE(chat.wait_for(kReady)) << chat.output();
    chat.type("w5 w7\033[D\033[Dw6 \r");  // two to the left
    ASSERT_TRUE(chat.wait_for("tokens/s]")) << chat.output();
    EXPECT_EQ(chat.output().find("^[["), std::string::npos) << chat.output();
    chat.type("/exit\r");
    EXPECT_EQ(chat.finish(), 0);
  }
  TerminalSession chat(arguments({"-n", "1"}), options());  // history is kept after the program ends
  ASSERT_TRUE(chat.wait_for(kReady)) << chat.output();
  chat.type("\033[A\033[A\r");
  ASSERT_TRUE(chat.wait_for("tokens/s]")) << chat.output();
  chat.type(save());
  ASSERT_TRUE(chat.wait_for("[saved")) << chat.output();
  chat.type("/exit\r");
  EXPECT_EQ(chat.finish(), 0);
  EXPECT_EQ(saved()[0]["content"], "w5 w6 w7");
  struct stat history {};
  ASSERT_EQ(stat((cache() / "chat_history").c_str(), &history), 0);
  EXPECT_EQ(history.st_mode & 0777, 0600u);
}

// /exit went to the model.
TEST_F(Chat, CommandsAreObeyedAndUnknownOnesNamed) {
  TerminalSession chat(arguments({"-n", "2"}), options());
  ASSERT_TRUE(chat.wait_for(kReady)) << chat.output();
  chat.type("/help\r");
  EXPECT_TRUE(chat.wait_for("/regenerate")) << chat.output();
  chat.type("/exti\r");
  EXPECT_TRUE(chat.wait_for("there is no /exti; the nearest: /exit")) << chat.output();
  chat.type("/regenerate\r");
  EXPECT_TRUE(chat.wait_for("there is no answer yet")) << chat.output();
  chat.type("/system w7\r");
  EXPECT_TRUE(chat.wait_for("system text is changed")) << chat.output();
  chat.type("w5\r");
  EXPECT_TRUE(chat.wait_for("tokens/s]")) << chat.output();
  chat.type("/regenerate\r");
  EXPECT_TRUE(chat.wait_for("tokens/s]")) << chat.output();
  chat.type(save());
  ASSERT_TRUE(chat.wait_for("[saved")) << chat.output();
  const Json turns = saved();
  ASSERT_EQ(turns.size(), 3u);
  EXPECT_EQ(turns[0], (Json{{"role", "system"}, {"content", "w7"}}));
  EXPECT_EQ(turns[1]["content"], "w5");
  chat.type("/clear\r");
  EXPECT_TRUE(chat.wait_for("forgotten")) << chat.output();
  chat.type(save());
  ASSERT_TRUE(chat.wait_for("[saved")) << chat.output();
  EXPECT_EQ(saved().size(), 1u);
  chat.type("/quit\r");
  EXPECT_EQ(chat.finish(), 0) << chat.output();
  EXPECT_TRUE(chat.echoes());  // the terminal is restored
}

// Ctrl-C printed "ended by itself". Keys are typed immediately: none may be lost or become a signal between two lines.
TEST_F(Chat, CtrlCStopsAnAnswerAndSaysSo) {
  TerminalSession chat(arguments({"-n", "30000", "--min-new-tokens", "30000"}), options());
  ASSERT_TRUE(chat.wait_for(kReady)) << chat.output();
  chat.type("w5\r");
  ASSERT_TRUE(chat.wait_for("w5") && chat.wait_for(" w")) << chat.output();  // the answer has begun
  chat.type("\x03");
  EXPECT_TRUE(chat.wait_for(", stopped;") && chat.wait_for("> ")) << chat.output();
  chat.type("half a line\x03other half\x03");  // at the prompt the line is dropped, nothing else
  EXPECT_TRUE(chat.wait_for("^C") && chat.wait_for("other half") && chat.wait_for("^C")) << chat.output();
  EXPECT_EQ(chat.output().find("Ctrl-C once more"), std::string::npos) << chat.output();
  chat.type("\x03");
  EXPECT_TRUE(chat.wait_for("Ctrl-C once more")) << chat.output();
  chat.type("/help\r");
  EXPECT_TRUE(chat.wait_for("/regenerate")) << chat.output();
  chat.type("\x03");
  EXPECT_TRUE(chat.wait_for("Ctrl-C once more")) << chat.output();
  chat.type("\x03");
  EXPECT_EQ(chat.finish(), 130) << chat.output();
  EXPECT_TRUE(chat.echoes());
}

TEST_F(Chat, AnAnswerThatIsCutAtTheLengthSaysSo) {
  TerminalSession chat(arguments({"-n", "2"}), options());
  ASSERT_TRUE(chat.wait_for(kReady)) << chat.output();
  chat.type("w5\r");
  EXPECT_TRUE(chat.wait_for("cut at the length")) << chat.output();
  chat.type("\x04");
  EXPECT_EQ(chat.finish(), 0);
}

// Rows of a long line stayed on the screen after a resize. They have the old width: a wider terminal keeps them, a
// narrower one wraps each.
TEST_F(Chat, ALineOfSeveralRowsIsDrawnAgainFromItsFirstRow) {
  TerminalSession chat(arguments(), options());
  ASSERT_TRUE(chat.wait_for(kReady) && chat.wait_for("> ")) << chat.output();
  chat.type(std::string(100, 'w'));
  ASSERT_TRUE(chat.wait_for(std::string(70, 'w')) && chat.wait_for(std::string(20, 'w'))) << chat.output();
  const auto expect_redrawn = [&](int columns, const std::string& upwards) {
    chat.resize(columns);
    EXPECT_TRUE(chat.wait_for(upwards + "\r\033[J> w")) << columns << ": " << chat.output();
    const auto drawn = chat.output().size();
    chat.read_for(0.7);
    EXPECT_EQ(chat.output().find("\033[J", drawn), std::string::npos) << columns << ": drawn twice";
  };
  expect_redrawn(40, "\033[2A");   // rows of 80 and 22 cells are three, the cursor in the third
  expect_redrawn(120, "\033[2A");  // 40, 40, 22: as they were
  expect_redrawn(60, "\033[1A");   // 102: two
  expect_redrawn(25, "\033[4A");   // 60 and 42 cells: three and two
  chat.type("\x03\x04");
  EXPECT_EQ(chat.finish(), 0) << chat.output();
}

// A wider terminal may join a row that was wrapped automatically to the next.
TEST_F(Chat, EachRowOfALineHasAnEndOfItsOwn) {
  TerminalSession chat(arguments(), options());
  ASSERT_TRUE(chat.wait_for(kReady) && chat.wait_for("> ")) << chat.output();
  chat.type("\033[200~" + std::string(78, 'p') + "qq\033[201~");
  EXPECT_TRUE(chat.wait_for("pp\r\nqq")) << chat.output();
  chat.type(std::string(78, 't') + "uu");
  EXPECT_TRUE(chat.wait_for("tt\r\r\nuu")) << chat.output();
  chat.type("\x03\x04");
  EXPECT_EQ(chat.finish(), 0) << chat.output();
}

// A signal from outside while the editor controls the terminal.
TEST_F(Chat, ASignalAtThePromptGivesTheTerminalBack) {
  TerminalSession chat(arguments(), options());
  ASSERT_TRUE(chat.wait_for("> ")) << chat.output();
  EXPECT_FALSE(chat.echoes());
  chat.signal(SIGTERM);
  EXPECT_EQ(chat.finish(), 130) << chat.output();
  EXPECT_TRUE(chat.echoes());
}

// Greedy answers loop; a fixed seed makes each run the same.
TEST_F(Chat, AnswersAreSampledWithASeedThatIsSaid) {
  std::vector<std::string> sampled = arguments({"-n", "40"});
  std::erase(sampled, "--no-do-sample");
  const auto first_answer = [&](std::vector<std::string> more) {
    more.insert(more.begin(), sampled.begin(), sampled.end());
    TerminalSession chat(more, options());
    EXPECT_TRUE(chat.wait_for("[sampled: temperature 0.7, top-k 50, top-p 0.9; --seed ")) << chat.output();
    chat.type("w5\r");
    EXPECT_TRUE(chat.wait_for("tokens/s]")) << chat.output();
    std::filesystem::remove(scratch_ / "saved.json");
    chat.type(save());
    EXPECT_TRUE(chat.wait_for("[saved")) << chat.output();
    return saved()[1]["content"].get<std::string>();
  };
  EXPECT_EQ(first_answer({"--seed", "7"}), first_answer({"--seed", "7"}));
  EXPECT_NE(first_answer({}), first_answer({}));
}

// Control characters in a model's text do not reach the terminal; a pipe gets them unchanged.
TEST_F(Chat, ControlCharactersOfATextAreEscapedOnATerminal) {
  const std::vector<std::string> echoes{"run", "-m", folder_.string(), "--echo", "-n", "1", "w5\033]0;title\007\tx"};
  TerminalSession shown(echoes, options());
  EXPECT_EQ(shown.finish(), 0);
  EXPECT_NE(shown.output().find("w5\\x1b]0;title\\x07\tx"), std::string::npos) << shown.output();
  const CliResult piped = run_linnet(echoes);
  EXPECT_NE(piped.out.find("w5\033]0;title\007\tx"), std::string::npos) << piped.out;
}

}  // namespace
}  // namespace linnet::test
