// Rows of a pipe are answered immediately: each answer is read before the next row is written.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

// The program with its standard input and output in pipes.
class Piped {
 public:
  explicit Piped(std::vector<std::string> arguments) {
    int in[2], out[2];
    EXPECT_EQ(pipe(in), 0);
    EXPECT_EQ(pipe(out), 0);
    std::vector<char*> argv{const_cast<char*>(LINNET_BINARY)};
    for (std::string& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    child_ = fork();
    if (child_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      for (const int each : {in[0], in[1], out[0], out[1]}) close(each);
      execv(LINNET_BINARY, argv.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~Piped() {
    close(in_);
    close(out_);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }
  void write(const std::string& text) const { EXPECT_EQ(::write(in_, text.data(), text.size()), std::ssize(text)); }
  // The next line of output; "" after a minute.
  std::string line() {
    for (;;) {
      const auto end = read_.find('\n');
      if (end != read_.npos) {
        std::string found = read_.substr(0, end);
        read_.erase(0, end + 1);
        return found;
      }
      pollfd wait{out_, POLLIN, 0};
      char buffer[4096];
      if (poll(&wait, 1, 60'000) <= 0) return "";
      const ssize_t n = ::read(out_, buffer, sizeof buffer);
      if (n <= 0) return "";
      read_.append(buffer, static_cast<std::size_t>(n));
    }
  }
  int finish() {
    close(in_);
    in_ = -1;
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  pid_t child_ = -1;
  int in_ = -1, out_ = -1;
  std::string read_;
};

// An answer does not wait for the next row.
TEST(Stream, EveryVerbAnswersARowBeforeTheNext) {
  struct Verb {
    const char* name;
    std::vector<std::string> arguments;
    std::vector<std::string> rows;
  };
  const Verb verbs[] = {
      {"classify", {"classify", "-m", model("gpt2/causal"), "--labels", "a,b"}, {"w5\n", "w6\n"}},
      {"head, a CSV",
       {"classify", "-m", model("gpt2/classifier"), "--input-format", "csv"},
       {"text,label\nw5,red\n", "w6,green\n"}},
      {"fill", {"fill", "-m", model("bert/masked")}, {"w5 [MASK]\n", "[MASK] w6\n"}},
      {"tag", {"tag", "-m", model("bert/tokens"), "--ignore-labels", "none"}, {"w5\n", "w6\n"}},
      {"answer",
       {"answer", "-m", model("bert/questions")},
       {"{\"question\":\"w5\",\"context\":\"w6 w7\"}\n", "{\"question\":\"w5\",\"context\":\"w8\"}\n"}},
      {"score",
       {"score", "-m", model("gpt2/causal"), "--input", "-"},
       {"{\"prompt\":\"w5\",\"continuations\":[\" w6\"]}\n", "{\"prompt\":\"w7\",\"continuations\":[\" w6\"]}\n"}},
      {"tokenize",
       {"tokenize", "-m", model("gpt2/causal"), "--input", "-"},
       {"{\"text\":\"w5\"}\n", "{\"text\":\"w6\"}\n"}},
      {"run", {"run", "-m", model("gpt2/causal"), "-n", "1", "--stream"}, {"w5\n", "w6\n"}},
  };
  for (const Verb& verb : verbs) {
    std::vector<std::string> arguments = verb.arguments;
    arguments.push_back("--json");
    Piped program(arguments);
    int number = 0;
    for (const std::string& row : verb.rows) {
      program.write(row);
      const std::string line = program.line();
      ASSERT_NE(line, "") << verb.name << ": no answer to " << row;
      Json answer = parse_json(line, "stdout");
      if (answer.is_array()) answer = Json(answer.front());
      EXPECT_EQ(answer["row"], number++) << verb.name;
    }
    EXPECT_EQ(program.finish(), 0) << verb.name;
  }
}

// The header of a joined file is that of the first rows: a later new column is an error of the input.
TEST(Stream, AColumnThatComesLateIsRefusedByEveryVerb) {
  const Scratch scratch;
  const std::string out = (scratch / "out.csv").string();
  const std::pair<std::vector<std::string>, std::string> verbs[] = {
      {{"classify", "-m", model("gpt2/classifier")}, R"("text":"w5")"},
      {{"fill", "-m", model("bert/masked")}, R"("text":"[MASK]")"},
      {{"tag", "-m", model("bert/tokens"), "--ignore-labels", "none"}, R"("text":"w5")"},
      {{"answer", "-m", model("bert/questions")}, R"("question":"w5","context":"w6")"},
      {{"score", "-m", model("gpt2/causal"), "--input", "-"}, R"("prompt":"w5","continuations":[" w6"])"}};
  for (const auto& [verb, row] : verbs) {
    std::vector<std::string> arguments = verb;
    for (const std::string& more : {std::string("--stream"), std::string("--json"), std::string("--output"), out})
      arguments.push_back(more);
    Piped program(arguments);
    program.write("{" + row + "}\n");
    ASSERT_NE(program.line(), "") << verb[0];
    program.write("{" + row + ",\"late\":1}\n");
    EXPECT_EQ(program.finish(), 3) << verb[0];
    EXPECT_FALSE(std::filesystem::exists(out)) << verb[0];
  }
}

TEST(Stream, ManyRowsAreTheSameAsFromAFile) {
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += "w" + std::to_string(5 + i % 50) + "\n";
  const std::vector<std::string> arguments{"classify", "-m",    model("gpt2/causal"), "--dtype", "f32",
                                           "--labels", "a,b",   "--label-words",      "a= w7",   "--label-words",
                                           "b= w8",    "--json"};
  const CliResult whole = run_linnet(arguments, {.input = rows});
  const auto wanted = json_lines(whole.out);
  ASSERT_EQ(wanted.size(), 200U) << whole.err;
  Piped program(arguments);
  program.write(rows);
  for (const Json& want : wanted) {
    const Json found = parse_json(program.line(), "stdout");
    EXPECT_EQ(found["row"], want["row"]);
    EXPECT_NEAR(found["scores"][0]["logprob"].get<double>(), want["scores"][0]["logprob"].get<double>(), 1e-4);
  }
  EXPECT_EQ(program.finish(), 0);
}

TEST(Stream, NeedsItsLabelsBeforeTheFirstRow) {
  const CliResult r = run_linnet({"classify", "-m", model("gpt2/causal"), "--stream"}, {.input = "w5\n"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("--stream needs --labels"), std::string::npos) << r.err;
  const CliResult empty =
      run_linnet({"classify", "-m", model("gpt2/causal"), "--labels", "a,b", "--stream"}, {.input = ""});
  EXPECT_EQ(empty.exit_code, 3);
  EXPECT_NE(empty.err.find("no rows"), std::string::npos) << empty.err;
}

}  // namespace
}  // namespace linnet::test
