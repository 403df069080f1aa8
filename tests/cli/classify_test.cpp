// linnet classify against the reference's logits of tiny checkpoints, and by its contract (docs/cli.md).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

const std::string kCausal = model("gpt2/causal");

// Runs on a tiny causal model in f32.
CliResult classify(std::vector<std::string> arguments, const CliOptions& options = {}) {
  std::vector<std::string> all{"classify", "-m", kCausal, "--dtype", "f32"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_linnet(all, options);
}

std::vector<Json> answers(const CliResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json_lines(result.out);
}

class TrainedHead : public ::testing::TestWithParam<std::string> {};

TEST_P(TrainedHead, GivesTheReferencesProbabilities) {
  const auto rows = fixture_rows(GetParam());
  std::vector<std::string> arguments{"classify", "-m", model(GetParam()), "--dtype", "f32", "--json"};
  for (const FixtureRow& row : rows) arguments.push_back(words(row.ids));
  const auto found = answers(run_linnet(arguments));
  ASSERT_EQ(found.size(), rows.size());
  const Json names = read_json(model(GetParam()) + "/config.json")["id2label"];
  for (std::size_t r = 0; r < rows.size(); ++r) {
    double sum = 0, last = 1;
    for (std::size_t c = 0; c < rows[r].width; ++c) {
      const Json& score = found[r]["scores"][c];
      EXPECT_LE(score["score"].get<double>(), last) << "best first";
      last = score["score"];
      sum += last;
      const Json own = entry(found[r]["scores"], "label", names[std::to_string(c)]);
      EXPECT_NEAR(own["score"].get<double>(), std::exp(rows[r].log_softmax(0, c)), 1e-4);
    }
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_EQ(found[r]["label"], found[r]["scores"][0]["label"]);
    EXPECT_EQ(found[r]["score"], found[r]["scores"][0]["score"]);
    EXPECT_NEAR(found[r]["margin"].get<double>(),
                found[r]["scores"][0]["score"].get<double>() - found[r]["scores"][1]["score"].get<double>(), 1e-12);
    EXPECT_EQ(found[r]["abstained"], false);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, TrainedHead, ::testing::Values("gpt2/classifier", "bloom/classifier"), case_name);

TEST(Classify, AScoreIsTheReferencesLogProbability) {
  for (const FixtureRow& row : fixture_rows("gpt2/causal")) {
    const std::size_t n = row.ids.size();
    if (n < 3) continue;  // a prompt and two tokens
    const std::vector<std::int32_t> start(row.ids.begin(), row.ids.end() - 2);
    const auto id = [&](std::size_t i) { return static_cast<std::size_t>(row.ids[i]); };
    const auto found =
        answers(classify({"--engine", "score", "--template", "{{ text }}", "--labels", "two,one", "--json",
                          "--label-words", "two= w" + std::to_string(id(n - 2)) + " w" + std::to_string(id(n - 1)),
                          "--label-words", "one= w7", words(start)}));
    ASSERT_EQ(found.size(), 1U);
    const double two = row.log_softmax(n - 3, id(n - 2)) + row.log_softmax(n - 2, id(n - 1));
    const double one = row.log_softmax(n - 3, 7);
    EXPECT_NEAR(entry(found[0]["scores"], "label", "two")["logprob"].get<double>(), two, 1e-3);
    EXPECT_NEAR(entry(found[0]["scores"], "label", "one")["logprob"].get<double>(), one, 1e-3);
    EXPECT_NEAR(entry(found[0]["scores"], "label", "one")["score"].get<double>(),
                std::exp(one) / (std::exp(one) + std::exp(two)), 1e-4);
  }
}

TEST(Classify, WordsOfALabelAreAddedAsProbabilities) {
  const auto logprob = [](const std::string& first) {
    const auto found = answers(classify({"--template", "{{ text }}", "--labels", "a,b", "--label-words", "a=" + first,
                                         "--label-words", "b= w20", "--json", "w5 w6"}));
    return entry(found.at(0)["scores"], "label", "a")["logprob"].get<double>();
  };
  EXPECT_NEAR(logprob(" w7, w8"), std::log(std::exp(logprob(" w7")) + std::exp(logprob(" w8"))), 1e-5);
}

TEST(Classify, NormalisesByTokensCharactersBytesAndPrior) {
  const auto scores = [](const std::string& how) {
    const auto found =
        answers(classify({"--template", "w9 {{ text }}", "--labels", "long,short", "--label-words", "long= w7 w8",
                          "--label-words", "short= w20", "--normalize", how, "--json", "w5"}));
    return found.at(0)["scores"];
  };
  const Json raw = scores("sum");
  const double two = entry(raw, "label", "long")["logprob"], one = entry(raw, "label", "short")["logprob"];
  const auto expected = [](double a, double b) { return 1 / (1 + std::exp(b - a)); };
  EXPECT_NEAR(entry(raw, "label", "long")["score"].get<double>(), expected(two, one), 1e-6);
  EXPECT_NEAR(entry(scores("tokens"), "label", "long")["score"].get<double>(), expected(two / 2, one), 1e-5);
  EXPECT_NEAR(entry(scores("chars"), "label", "long")["score"].get<double>(), expected(two / 6, one / 4), 1e-5);
  EXPECT_NEAR(entry(scores("bytes"), "label", "long")["score"].get<double>(), expected(two / 6, one / 4), 1e-5);
  const auto empty = answers(classify({"--template", "w9 {{ text }}", "--labels", "long,short", "--label-words",
                                       "long= w7 w8", "--label-words", "short= w20", "--json", ""}));
  const double two_before = entry(empty.at(0)["scores"], "label", "long")["logprob"];
  const double one_before = entry(empty.at(0)["scores"], "label", "short")["logprob"];
  EXPECT_NEAR(entry(scores("pmi"), "label", "long")["score"].get<double>(),
              expected(two - two_before, one - one_before), 1e-4);
}

TEST(Classify, ShippedPromptsAreByteExact) {
  const auto prompt = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--show-prompt", "--json"});
    const CliResult r = classify(arguments);
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return r.err;
  };
  const std::string tones = "positive,negative,angry";
  EXPECT_EQ(prompt({"--labels", tones, "--template", "sentiment-tone", "I love the sunny weather today."}),
            "I love the sunny weather today.\nWhat is the tone of this sentence positive, negative, or angry?\n");
  EXPECT_EQ(prompt({"--labels", "C++,Python", "--template", "code-language@1", "def f(a, b):\n\treturn max(a,b)"}),
            "def f(a, b):\n\treturn max(a,b)\nThe above function is in which of these languages: C++ or Python?\n");
  EXPECT_EQ(prompt({"--labels", "good,bad", "--template", "summarize-words", "Bonjour."}),
            "Summarize the following French text in English in less than 100 words: Bonjour.\n");
  EXPECT_EQ(prompt({"--labels", "good,bad", "{{ text }} stays {# as it is #}"}),
            "{{ text }} stays {# as it is #}\nQuestion: Is this good or bad?\nAnswer:\n");
  EXPECT_EQ(prompt({"--labels", "good,bad", "--template", "A\\tB {{ text }}\\n{# never sent #}?", "x"}), "A\tB x\n?\n");
}

TEST(Classify, TheSummaryCountsWhatIsKnown) {
  Scratch scratch;
  std::string lines;
  for (int i = 0; i < 12; ++i)
    lines += Json{{"text", "w" + std::to_string(5 + i)}, {"label", i % 3 == 0 ? "b" : "a"}}.dump() + "\n";
  lines += "{\"text\":\"w40\"}\n";
  const std::string file = written(scratch, "texts.jsonl", lines);
  const std::vector<std::string> arguments{"--labels", "a,b",           "--template", "{{ text }}", "--label-words",
                                           "a= w7",    "--label-words", "b= w8",      "--input",    file};
  auto json = arguments;
  json.push_back("--json");
  auto found = answers(classify(json));
  ASSERT_EQ(found.size(), 14U);
  const Json summary = found.back()["summary"];
  int right = 0, hit[2] = {}, said[2] = {}, is[2] = {};
  for (int i = 0; i < 12; ++i) {
    const int truth = i % 3 == 0 ? 1 : 0, answer = found[static_cast<std::size_t>(i)]["label"] == "b" ? 1 : 0;
    right += truth == answer ? 1 : 0;
    hit[truth] += truth == answer ? 1 : 0;
    ++said[answer], ++is[truth];
  }
  EXPECT_EQ(summary["texts"], 13);
  EXPECT_EQ(summary["labelled"], 12);
  EXPECT_NEAR(summary["accuracy"].get<double>(), right / 12.0, 1e-12);
  EXPECT_NEAR(summary["macro_f1"].get<double>(),
              (2.0 * hit[0] / (said[0] + is[0]) + 2.0 * hit[1] / (said[1] + is[1])) / 2, 1e-12);

  // The confusion matrix (rows: gold, in the order of the labels) and the figures of every label.
  EXPECT_EQ(summary["labels"], (Json{"a", "b"}));
  EXPECT_EQ(summary["confusion"], (Json{{hit[0], is[0] - hit[0]}, {is[1] - hit[1], hit[1]}}));
  const auto ratio = [](int part, int all) { return all == 0 ? 0.0 : static_cast<double>(part) / all; };
  for (const auto& [name, l] : {std::pair("a", 0), std::pair("b", 1)}) {
    const Json& own = summary["per_label"][name];
    EXPECT_NEAR(own["precision"].get<double>(), ratio(hit[l], said[l]), 1e-12);
    EXPECT_NEAR(own["recall"].get<double>(), ratio(hit[l], is[l]), 1e-12);
    EXPECT_NEAR(own["f1"].get<double>(), ratio(2 * hit[l], said[l] + is[l]), 1e-12);
    EXPECT_EQ(own["support"], is[l]);
  }

  const CliResult table = classify(arguments);
  EXPECT_NE(table.err.find("accuracy "), std::string::npos) << table.err;
  EXPECT_NE(table.err.find("precision"), std::string::npos) << table.err;
  EXPECT_NE(table.err.find("right \\ answer"), std::string::npos) << table.err;
  LineReader shown(table.err);
  for (std::string_view line; shown.next(line);) EXPECT_LE(line.size(), 60U) << line;
  EXPECT_EQ(table.out.find("accuracy "), std::string::npos);
}

TEST(Classify, LabelsThatNobodyNamedAreTheFilesOwn) {
  Scratch scratch;
  const std::string file = written(scratch, "texts.csv", "text,label\nw5,good\nw6,bad\nw7,good\n");
  const auto found = answers(classify({"--input", file, "--json"}));
  ASSERT_EQ(found.size(), 4U);
  EXPECT_TRUE(found[0]["label"] == "good" || found[0]["label"] == "bad");
  EXPECT_EQ(found[3]["summary"]["labelled"], 3);
  const auto solved = answers(classify({"--examples", file, "--shots", "2", "--json", "w5"}));
  EXPECT_EQ(solved.at(0)["scores"].size(), 2U);
  // A trained head keeps its labels, and the file may use their numbers.
  const std::string numbers = written(scratch, "numbers.csv", "text,label\nw5,0\nw6,2\n");
  const auto head = answers(run_linnet({"classify", "-m", model("gpt2/classifier"), "--input", numbers, "--json"}));
  ASSERT_EQ(head.size(), 3U);
  EXPECT_EQ(head[0]["scores"].size(), 3U);
  EXPECT_EQ(head[2]["summary"]["labelled"], 2);
}

TEST(Classify, AnswersManyTextsInOrderAsOneByOne) {
  std::string lines;
  for (int i = 0; i < 300; ++i)
    lines += "w" + std::to_string(5 + i % 60) + std::string(i % 7 == 0 ? " w9 w10 w11" : "") + "\n";
  const std::vector<std::string> arguments{"--labels",      "a,b",      "--label-words", "a= w7",
                                           "--label-words", "b= w8 w9", "--json"};
  auto piped = arguments;
  piped.insert(piped.end(), {"--input", "-"});
  const auto found = answers(classify(piped, {.input = lines}));
  ASSERT_EQ(found.size(), 300U);
  LineReader reader(lines);
  std::string_view line;
  for (std::size_t i = 0; reader.next(line); ++i) {
    if (i % 50 != 0) continue;
    auto alone = arguments;
    alone.emplace_back(line);
    EXPECT_NEAR(answers(classify(alone)).at(0)["scores"][0]["logprob"].get<double>(),
                found[i]["scores"][0]["logprob"].get<double>(), 1e-4)
        << line;
  }
}

TEST(Classify, MaskedModelsFillTheWordIn) {
  const std::string masked = model("bert/masked");
  const auto fill = json_lines(
      run_linnet({"fill", "-m", masked, "--dtype", "f32", "--top-k", "67", "--json", "w5 w6 This is [MASK]."}).out);
  // "[MASK]." is a mask and an unknown piece; so is the prompt of the default template.
  const auto found =
      answers(run_linnet({"classify", "-m", masked, "--dtype", "f32", "--labels", "w7,w8", "--json", "w5 w6"}));
  ASSERT_EQ(fill.size(), 1U);
  for (const char* word : {"w7", "w8"})
    EXPECT_NEAR(std::exp(entry(found.at(0)["scores"], "label", word)["logprob"].get<double>()),
                entry(fill[0], "token_str", word)["score"].get<double>(), 1e-5);
}

TEST(Classify, GeneratedTextThatIsNoLabelIsNull) {
  const auto found = answers(classify({"--engine", "generate", "--labels", "positive,negative", "--json", "w5 w6"}));
  EXPECT_TRUE(found.at(0)["label"].is_null());
  EXPECT_FALSE(found.at(0)["raw"].get<std::string>().empty());
  const std::string raw = found.at(0)["raw"];
  const std::string first = raw.substr(raw.find('w'), raw.find(' ', raw.find('w')) - raw.find('w'));
  EXPECT_EQ(answers(classify({"--engine", "generate", "--labels", "positive," + first, "--template",
                              "{{ text }}\\nQuestion: Is this positive or negative?\\nAnswer:", "--json", "w5 w6"}))
                .at(0)["label"],
            first);
}

TEST(Classify, ACalibrationIsSavedAndUsedAgain) {
  Scratch scratch;
  const std::string file = (scratch / "calibration.json").string();
  const std::vector<std::string> arguments{"--labels",      "a,b",   "--label-words", "a= w7",
                                           "--label-words", "b= w8", "--json",        "w5 w6"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), arguments.begin(), arguments.end());
    return answers(classify(more)).at(0);
  };
  const Json plain = with({}), measured = with({"--calibrate", "content-free", "--save-calibration", file});
  EXPECT_EQ(with({"--calibrate", file}), measured);
  const Json saved = read_json(file);
  EXPECT_EQ(saved["labels"], (Json{"a", "b"}));
  const auto odds = [](const Json& answer) {
    return std::log(entry(answer["scores"], "label", "a")["score"].get<double>() /
                    entry(answer["scores"], "label", "b")["score"].get<double>());
  };
  EXPECT_NEAR(odds(measured), odds(plain) - saved["logprobs"][0].get<double>() + saved["logprobs"][1].get<double>(),
              1e-6);
  const CliResult other = classify({"--labels", "a,c", "--calibrate", file, "w5"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find(file + ": was measured for other labels"), std::string::npos) << other.err;
}

TEST(Classify, UnsureAnswersAreMarked) {
  const auto found = answers(classify({"--labels", "a,b,c", "--abstain-below", "1", "--top-k", "1", "--json", "w5"}));
  EXPECT_EQ(found.at(0)["abstained"], true);
  EXPECT_TRUE(found.at(0)["label"].is_string());
  EXPECT_EQ(found.at(0)["scores"].size(), 1U);
}

TEST(Classify, ExemplarsAreBalancedAndNeverTheTextItself) {
  Scratch scratch;
  const std::string file = written(scratch, "solved.tsv", "text\tlabel\nw5\ta\nw6\tb\nw7\ta\nw8\tb\n");
  const CliResult r = classify({"--labels", "a,b", "--template", "T: {{ text }} L:", "--examples", file, "--shots", "2",
                                "--show-prompt", "--json", "w5"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(r.err.find("T: w5 L: a"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("T: w7 L: a\n\n"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find(" L: b\n\n"), std::string::npos) << r.err;
  EXPECT_TRUE(r.err.ends_with("T: w5 L:\n")) << r.err;
}

TEST(Classify, ALongTextIsCutToTheContext) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "w9 ";
  const CliResult r = classify({"--labels", "a,b", "--json", text, "w5"});
  EXPECT_EQ(answers(r).size(), 2U);
  EXPECT_NE(r.err.find("cut"), std::string::npos) << r.err;
}

TEST(Classify, BracketsAreAText) {
  const CliResult r = classify({"--labels", "a,b", "--show-prompt", "--template", "{{ text }}", "--json", "[w5,w6]"});
  EXPECT_EQ(answers(r).size(), 1U);
  EXPECT_EQ(r.err, "[w5,w6]\n");
}

TEST(Classify, LabelsComeFromTheEnvironmentToo) {
  const CliResult r = classify({"--json", "w5"}, {.environment = {{"LINNET_LABELS", "x, y"}}});
  const auto found = answers(r);
  EXPECT_TRUE(found.at(0)["label"] == "x" || found.at(0)["label"] == "y") << r.out;
}

struct Refused {
  const char* what;
  std::vector<std::string> arguments;
  int exit_code;
  const char* said;
};

TEST(Classify, RefusesWithTheRightCodeAndNothingOnStdout) {
  Scratch scratch;
  const std::string odd =
      written(scratch, "odd.jsonl", "{\"text\":\"w5\",\"label\":\"a\"}\n{\"text\":\"w6\",\"label\":\"z\"}\n");
  const std::string broken = written(scratch, "broken.json", "{\"labels\":[\"a\",\"b\"],\"logprobs\":[1]}");
  const Refused cases[] = {
      {"no labels", {"w5"}, 2, "label"},
      {"one label", {"--labels", "a", "w5"}, 2, "two labels"},
      {"a label twice", {"--labels", "a,a", "w5"}, 2, "twice"},
      {"words of no label", {"--labels", "a,b", "--label-words", "c= w5", "w5"}, 2, "c= w5"},
      {"an engine that is none", {"--labels", "a,b", "--engine", "magic", "w5"}, 2, "--engine 'magic' is not one of"},
      {"an engine without its head", {"--labels", "a,b", "--engine", "head", "w5"}, 3, "head"},
      {"a normalisation that is none",
       {"--labels", "a,b", "--normalize", "mean", "w5"},
       2,
       "--normalize 'mean' is not one of"},
      {"shots without examples", {"--labels", "a,b", "--shots", "2", "w5"}, 2, "--examples"},
      {"a threshold above 1", {"--labels", "a,b", "--abstain-below", "2", "w5"}, 2, "--abstain-below"},
      {"a template that is none", {"--labels", "a,b", "--template", "sentiment-tune", "w5"}, 3, "sentiment-tone"},
      {"an unknown slot", {"--labels", "a,b", "--template", "{{ txt }}", "w5"}, 3, "txt"},
      {"a label outside", {"--labels", "a,b", "--input", odd}, 3, "odd.jsonl:2"},
      {"a broken calibration", {"--labels", "a,b", "--calibrate", broken, "w5"}, 3, "broken.json"},
      {"no such input", {"--labels", "a,b", "--input", (scratch / "none.csv").string()}, 3, "none.csv"},
      {"no chat template", {"--labels", "a,b", "--chat", "w5"}, 3, "chat template"},
  };
  for (const Refused& c : cases) {
    const CliResult r = classify(c.arguments);
    EXPECT_EQ(r.exit_code, c.exit_code) << c.what << ": " << r.err;
    EXPECT_NE(r.err.find(c.said), std::string::npos) << c.what << ": " << r.err;
    EXPECT_EQ(r.out, "") << c.what;
  }
}

// The article's program with the default model, if available.
TEST(Classify, TheArticlesSentences) {
  const auto model = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(model);
  const auto found = answers(
      run_linnet({"classify", "-m", model.string(), "--labels", "positive,negative", "--template", "review-sentiment",
                  "--json", "I love the sunny weather today.", "I don't love the rainy weather today."}));
  EXPECT_EQ(found.at(0)["label"], "positive");
  EXPECT_EQ(found.at(1)["label"], "negative");
}

}  // namespace
}  // namespace linnet::test
