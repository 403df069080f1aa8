#include <gtest/gtest.h>

#include "linnet/base/utf8.h"
#include "linnet/io/gguf_writer.h"
#include "linnet/train/report/final_folder.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

TEST(FinalFolder, TheLicenceIsInTheHeadOfTheReadme) {
  const Scratch scratch;
  EXPECT_EQ(stated_licence(scratch.path()), "");
  write_file(scratch.path() / "README.md", "---\nlanguage: en\nlicense: apache-2.0\n---\n\n# A model\nlicense: none\n");
  EXPECT_EQ(stated_licence(scratch.path()), "apache-2.0");
  write_file(scratch.path() / "README.md", "---\nlanguage: en\n---\nlicense: mit\n");
  EXPECT_EQ(stated_licence(scratch.path()), "");
}

TEST(FinalFolder, AGgufStatesItsLicence) {
  const Scratch scratch;
  GgufWriter out(scratch / "a.gguf");
  out.set("general.license", "apache-2.0");
  out.finish();
  EXPECT_EQ(stated_licence(scratch / "a.gguf"), "apache-2.0");
  GgufWriter silent(scratch / "b.gguf");
  silent.set("general.name", "b");
  silent.finish();
  EXPECT_EQ(stated_licence(scratch / "b.gguf"), "");
}

TEST(FinalFolder, ABaseHasTheNameOthersKnow) {
  EXPECT_EQ(public_name("/cache/models--org--tiny--model/snapshots/0123/model.gguf"), "org/tiny--model");
  EXPECT_EQ(public_name("/cache/models--gpt2/snapshots/0123"), "gpt2");
  EXPECT_EQ(public_name("/home/me/models/tiny.gguf"), "tiny.gguf");
  EXPECT_EQ(public_name("/home/me/models/tiny/"), "tiny");
}

TEST(FinalFolder, ReportsAreWholeCharacters) {
  const Scratch scratch;
  std::string rows;
  for (int i = 0; i < 24; ++i) {
    std::string text = "w" + std::to_string(10 + i);
    text.append(static_cast<std::size_t>(i % 3), ' ');
    for (int k = 0; k < 600; ++k) text += "\u00e9";
    rows += dump_json({{"text", text}, {"label", i % 2 == 0 ? "red" : "blue"}}) + "\n";
  }
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 1;
  options.valid_fraction = 0.5;
  options.learning_rate = 1e-9;
  TinyRun run("bert/classifier", rows, options);
  run.trainer->run();
  const std::string report = read_file(options.output / "report.html");
  EXPECT_NE(report.find("Worst mistakes of the validation rows"), std::string::npos);
  EXPECT_TRUE(utf8::valid(report));
}

TEST(FinalFolder, TaggedWordsAreJudgedToo) {
  const Scratch scratch;
  std::string rows;
  const char* tags[] = {"red", "green", "blue"};
  for (int i = 0; i < 12; ++i)
    rows += dump_json({{"tokens", {"w5", "w6", "w" + std::to_string(10 + i)}},
                       {"tags", {tags[i % 3], tags[(i + 1) % 3], tags[(i + 2) % 3]}}}) +
            "\n";
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 1;
  options.valid_fraction = 0.5;
  TinyRun run("bert/tokens", rows, options);
  const TrainSummary summary = run.trainer->run();
  ASSERT_LT(summary.metrics.at("eval_accuracy"), 1);
  const std::string report = read_file(options.output / "report.html");
  EXPECT_NE(report.find("Confusion matrix of the validation rows"), std::string::npos);
  EXPECT_NE(report.find(" (in: w5 w6 w1"), std::string::npos);
}

TEST(FinalFolder, TheReportNamesTheWorstMistakes) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 1;
  options.learning_rate = 1e-9;  // it does not learn
  TinyRun run("bert/classifier", labelled_rows(60), options);
  const TrainSummary summary = run.trainer->run();
  ASSERT_LT(summary.metrics.at("eval_accuracy"), 1);
  const std::string report = read_file(options.output / "report.html");
  EXPECT_NE(report.find("Worst mistakes"), std::string::npos);
  EXPECT_NE(report.find("Confusion matrix"), std::string::npos);
  EXPECT_NE(report.find("<td>w"), std::string::npos);
  const std::string card = read_file(options.output / "README.md");
  EXPECT_NE(card.find("eval_accuracy"), std::string::npos);
  EXPECT_NE(card.find("rows of red"), std::string::npos);
}

// Transformers' classifiers of decoders need a padding id.
TEST(FinalFolder, ADecodersClassifierHasAPaddingId) {
  const Scratch scratch;
  const auto model = scratch.path() / "model";
  std::filesystem::copy(fixtures() / "llama/causal", model);
  Json config = read_json(model / "config.json");
  config.erase("pad_token_id");
  write_file(model / "config.json", dump_json(config));
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 1;
  TinyRun run(model, {parse_dataset(labelled_rows(12), "jsonl", "rows.jsonl"), {}, {}}, options);
  run.trainer->run();
  EXPECT_EQ(read_json(options.output / "config.json")["pad_token_id"], 2);
}

}  // namespace
}  // namespace linnet
