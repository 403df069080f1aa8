#include "linnet/train/final_folder.h"

#include <gtest/gtest.h>

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

TEST(FinalFolder, TheReportNamesTheWorstMistakes) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 1;
  options.learning_rate = 1e-9;  // it stays as wrong as it was
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
