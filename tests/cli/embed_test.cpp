// linnet embed: pooled rows of the last layer, equal to the reference's if it has the rows.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "linnet/io/npy.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

// GPT-2's tiny tokenizer adds no tokens, so the rows of a text are exactly the reference's.
const std::string kPlain = "gpt2/causal";

std::vector<std::vector<float>> embeddings(const CliResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::vector<float>> vectors;
  for (const Json& line : json_lines(result.out)) vectors.push_back(line.at("embedding").get<std::vector<float>>());
  return vectors;
}

std::vector<std::vector<float>> embed(const std::string& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"embed", "-m", folder, "--dtype", "f32", "--json"});
  return embeddings(run_linnet(arguments));
}

struct Rows {
  std::vector<std::string> texts;
  std::vector<std::vector<std::vector<float>>> hidden;  // a text's rows
};

Rows reference() {
  const Expected expected(fixtures() / kPlain / "expected.safetensors");
  const nn::PaddedBatch batch = expected.batch();
  const Tensor all = expected.floats("last_hidden_state");
  const auto values = all.data<float>();
  const std::int64_t length = all.size(1), width = all.size(2);
  Rows rows;
  for (std::size_t r = 0; r < batch.ids.size(); ++r) {
    std::vector<std::int32_t> ids;
    auto& own = rows.hidden.emplace_back();
    for (std::int64_t i = 0; i < length; ++i) {
      if (batch.mask[r][static_cast<std::size_t>(i)] == 0) continue;
      ids.push_back(batch.ids[r][static_cast<std::size_t>(i)]);
      const auto begin = values.begin() + (static_cast<std::int64_t>(r) * length + i) * width;
      own.emplace_back(begin, begin + width);
    }
    rows.texts.push_back(words(ids));
  }
  return rows;
}

std::vector<float> mean(const std::vector<std::vector<float>>& rows) {
  std::vector<float> sum(rows.front().size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) sum[i] += row[i] / static_cast<float>(rows.size());
  return sum;
}

double length(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

TEST(Embed, PoolsTheReferencesRows) {
  const Rows rows = reference();
  const auto pooled = [&](const std::string& how) {
    std::vector<std::string> arguments{"--pooling", how};
    arguments.insert(arguments.end(), rows.texts.begin(), rows.texts.end());
    return embed(model(kPlain), arguments);
  };
  const auto means = pooled("mean"), firsts = pooled("cls"), lasts = pooled("last");
  for (std::size_t r = 0; r < rows.texts.size(); ++r) {
    expect_close(means.at(r), mean(rows.hidden[r]), 1e-4, "mean");
    expect_close(firsts.at(r), rows.hidden[r].front(), 1e-4, "cls");
    expect_close(lasts.at(r), rows.hidden[r].back(), 1e-4, "last");
  }
}

TEST(Embed, UnitHasLengthOneInTheSameDirection) {
  const auto plain = embed(model(kPlain), {"w5 w6"}).at(0), unit = embed(model(kPlain), {"--unit", "w5 w6"}).at(0);
  EXPECT_NEAR(length(unit), 1, 1e-6);
  const double factor = length(plain);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(unit[i] * factor, plain[i], 1e-4);
}

TEST(Embed, TheFolderSaysHowItPools) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("linnet-embed-" + std::to_string(getpid()));
  std::filesystem::copy(model(kPlain), folder);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  };
  write("modules.json", R"([{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
      {"idx":1,"name":"1","path":"pool","type":"sentence_transformers.models.Pooling"},
      {"idx":2,"name":"2","path":"norm","type":"sentence_transformers.models.Normalize"}])");
  write("pool/config.json", R"({"pooling_mode_lasttoken":true,"pooling_mode_mean_tokens":false})");
  write("sentence_bert_config.json", R"({"max_seq_length":2})");
  const auto own = embed(folder, {"w5 w6 w7"}).at(0);
  expect_close(own, embed(model(kPlain), {"--pooling", "last", "--unit", "w5 w6"}).at(0), 1e-5,
               "last, unit, two tokens");
  expect_close(embed(folder, {"--pooling", "mean", "--no-unit", "--max-length", "3", "w5 w6 w7"}).at(0),
               embed(model(kPlain), {"w5 w6 w7"}).at(0), 1e-5, "flags win");
  write("pool/config.json", R"({"pooling_mode":"attention"})");
  const CliResult odd = run_linnet({"embed", "-m", folder, "w5"});
  EXPECT_EQ(odd.exit_code, 3);
  EXPECT_NE(odd.err.find("'attention'"), std::string::npos) << odd.err;
  write("modules.json", R"({"type":1})");
  EXPECT_EQ(run_linnet({"embed", "-m", folder, "w5"}).exit_code, 3);
  std::filesystem::remove_all(folder);
}

TEST(Embed, ManyTextsComeInOrder) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += words({5 + i % 60, 5 + i % 7}) + "\n";
  const auto all = embeddings(
      run_linnet({"embed", "-m", model(kPlain), "--dtype", "f32", "--json", "--input", "-"}, {.input = lines}));
  ASSERT_EQ(all.size(), 200U);
  expect_close(all[123], embed(model(kPlain), {words({5 + 123 % 60, 5 + 123 % 7})}).at(0), 1e-4, "text 123");
}

TEST(Embed, PlainOutputIsALineOfNumbers) {
  const CliResult r = run_linnet({"embed", "-m", model(kPlain), "--dtype", "f32", "w5"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(std::count(r.out.begin(), r.out.end(), '\n'), 1);
  EXPECT_EQ(std::count(r.out.begin(), r.out.end(), ' '), 23);
}

// A text without tokens is an error of its row; the others are answered in place.
TEST(Embed, AnEmptyTextAmongOthersIsNamed) {
  const Scratch scratch;
  put(scratch / "t.jsonl", "{\"text\": \"w5\"}\n{\"text\": \"\"}\n{\"text\": \"w6\"}\n");
  const CliResult r = run_linnet({"embed", "-m", model(kPlain), "--json", "--input", scratch / "t.jsonl"});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("t.jsonl:2: the text is empty"), std::string::npos) << r.err;
  const std::vector<Json> lines = json_lines(r.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["row"], 0);
  EXPECT_EQ(lines[1]["row"], 1);
  EXPECT_TRUE(lines[1].contains("error"));
  EXPECT_TRUE(lines[2].contains("embedding"));
  // A tokenizer that adds tokens gives a vector for an empty text.
  EXPECT_EQ(run_linnet({"embed", "-m", model("bert/masked"), "--json", ""}).exit_code, 0);
}

// An unreadable row keeps its position: an empty line, NaN in a matrix, and `search` counts it.
TEST(Embed, ARowThatCannotBeReadKeepsItsPlace) {
  const Scratch scratch;
  put(scratch / "t.csv", "id,text\n1\n2,w5\n3,w6,w7\n");
  const std::string texts = scratch / "t.csv", npy = scratch / "v.npy";
  const CliResult plain = run_linnet({"embed", "-m", model(kPlain), "--input", texts});
  EXPECT_EQ(plain.exit_code, 3);
  EXPECT_EQ(std::count(plain.out.begin(), plain.out.end(), '\n'), 3);
  EXPECT_TRUE(plain.out.starts_with("\n") && plain.out.ends_with("\n\n")) << plain.out;
  const CliResult made = run_linnet({"embed", "-m", model(kPlain), "--json", "--input", texts, "--output", npy});
  EXPECT_EQ(made.exit_code, 3) << made.err;
  EXPECT_EQ(json_lines(made.out).at(0)["errors"], 2);
  const CliResult found = run_linnet({"search", "-m", model(kPlain), "--in", npy, "--texts", texts, "--json", "w5"});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  const Json hits = json_lines(found.out).at(0)["hits"];
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(hits[0]["row"], 1);
}

// Truncated texts are reported once.
TEST(Embed, CutTextsAreCounted) {
  const CliResult r =
      run_linnet({"embed", "-m", model(kPlain), "--json", "--max-length", "2", "w5 w6 w7", "w5", "w8 w9 w5"});
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_NE(r.err.find("2 of 3 texts were cut to 2 tokens, the first part is kept"), std::string::npos) << r.err;
}

TEST(Embed, WritesAMatrixForNumPyAndSearchFindsItsRows) {
  const Scratch scratch;
  put(scratch / "t.txt", "w5 w6\nw7\n\nw8 w9 w10\n");
  const std::string npy = scratch / "v.npy", texts = scratch / "t.txt";
  const CliResult made =
      run_linnet({"embed", "-m", model(kPlain), "--dtype", "f32", "--input", texts, "--output", npy});
  EXPECT_EQ(made.exit_code, 3) << "the empty line has no vector: " << made.err;
  const Tensor rows = read_npy(npy);
  ASSERT_EQ(rows.shape(), (Shape{4, 24}));
  EXPECT_TRUE(std::isnan(rows.data<float>()[2 * 24]));
  const auto plain = embed(model(kPlain), {"w8 w9 w10"}).at(0);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(rows.data<float>()[3 * 24 + i], plain[i], 1e-5);
  const std::vector<std::string> search{"search", "-m", model(kPlain), "--dtype", "f32", "--in", npy, "--texts", texts};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), search.begin(), search.end());
    return run_linnet(more);
  };
  const CliResult found = with({"--top-k", "2", "--json", "w8 w9 w10", "w7"});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  const std::vector<Json> lines = json_lines(found.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["query"], "w8 w9 w10");
  ASSERT_EQ(lines[0]["hits"].size(), 2U);
  EXPECT_EQ(lines[0]["hits"][0]["row"], 3);
  EXPECT_EQ(lines[0]["hits"][0]["text"], "w8 w9 w10");
  EXPECT_NEAR(lines[0]["hits"][0]["score"].get<double>(), 1, 1e-5);
  EXPECT_EQ(lines[1]["hits"][0]["row"], 1);
  EXPECT_NE(with({"w7"}).out.find("1.0000"), std::string::npos) << "a table for people";
  put(scratch / "t.txt", "w5 w6\nw7\n");
  const CliResult short_file = with({"w7"});
  EXPECT_EQ(short_file.exit_code, 3);
  EXPECT_NE(short_file.err.find("has 4 vectors"), std::string::npos) << short_file.err;
  EXPECT_EQ(with({}).exit_code, 2) << "no query";
  EXPECT_EQ(run_linnet({"search", "w5", "--texts", texts}).exit_code, 2);
  EXPECT_EQ(run_linnet({"embed", "-m", model(kPlain), "-o", "v.csv", "w5"}).exit_code, 2);
}

TEST(Embed, PromptsComeFromTheModelOrTheCommandLine) {
  EXPECT_EQ(embed(model(kPlain), {"--prompt", "w5 ", "w6"}), embed(model(kPlain), {"w5 w6"}));
  const CliResult none = run_linnet({"embed", "-m", model(kPlain), "--prompt-name", "query", "w6"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("no prompt 'query'"), std::string::npos) << none.err;
}

TEST(Embed, WrongUsage) {
  EXPECT_EQ(run_linnet({"embed", "-m", model(kPlain), "--pooling", "middle", "w5"}).exit_code, 2);
  EXPECT_EQ(run_linnet({"embed", "-m", model(kPlain), "--max-length", "0", "w5"}).exit_code, 2);
}

}  // namespace
}  // namespace linnet::test
