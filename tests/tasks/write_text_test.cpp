// Summaries and translations against Transformers' generate with the prefix and the parameters of the task.
#include "linnet/tasks/write_text.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "tests/scratch.h"
#include "tests/tasks/reference_calls.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

using ::testing::HasSubstr;

WriteOptions options_of(const std::string& task) {
  return task == "summarization" ? summary_options() : translation_options(task.substr(12, 2), task.substr(18, 2));
}

TEST(WriteText, ObeysTheParametersOfTheTask) {
  const Loaded loaded = tiny("tasks/writing");
  int compared = 0;
  for (const Json& call : reference_calls("writing")) {
    const TextWriter writer(loaded, options_of(call.at("task").get<std::string>()));
    EXPECT_EQ(writer.write({call.at("text").get<std::string>()}).text, call.at("result").get<std::string>())
        << call.dump();
    ++compared;
  }
  EXPECT_EQ(compared, 12);  // four of them with beams
  EXPECT_EQ(TextWriter(loaded, summary_options()).prompt_of({"a text"}), "summarize: a text");
  EXPECT_EQ(TextWriter(loaded, translation_options("English", "german")).prompt_of({"a text"}),
            "translate English to German: a text");
}

TEST(WriteText, OptionsTakePrecedence) {
  const Loaded loaded = tiny("tasks/writing");
  WriteOptions options = summary_options();
  options.overrides.max_new_tokens = 3;
  options.overrides.min_length = 0;
  EXPECT_LE(loaded.tokenizer().encode_ids(TextWriter(loaded, options).write({"candle"}).text).size(), 6U);
  EXPECT_EQ(TextWriter(loaded, options).generation().sampling.no_repeat_ngram_size, 2);
}

TEST(WriteText, SeveralTextsOfOne) {
  const Loaded loaded = tiny("tasks/writing");
  WriteOptions options = translation_options("en", "fr");
  options.overrides.num_return_sequences = 3;
  const WrittenText written = TextWriter(loaded, options).write({"candle"});
  EXPECT_EQ(written.others.size(), 2U);
  EXPECT_EQ(written.text, TextWriter(loaded, translation_options("en", "fr")).write({"candle"}).text);
}

TEST(WriteText, TextsTogetherAreAsAlone) {
  const Loaded loaded = tiny("tasks/writing");
  const TextWriter writer(loaded, summary_options());
  const std::vector<WriteInput> inputs{{"The ferry left."}, {" "}, {"Marta counted the bags again."}};
  std::vector<std::size_t> order;
  writer.write_each(
      inputs,
      [&](std::size_t i, const WrittenText& written) {
        order.push_back(i);
        EXPECT_EQ(written.text, writer.write(inputs[i]).text);
      },
      [&](std::size_t i, const Error& why) {
        order.push_back(i + 10);
        EXPECT_EQ(why.kind(), ErrorKind::kInvalidArgument);
      });
  EXPECT_THAT(order, ::testing::ElementsAre(0, 11, 2));
}

// The model reads 100 tokens.
TEST(WriteText, ALongTextIsReadInChunks) {
  const Loaded loaded = tiny("tasks/writing");
  std::string text;
  for (int i = 0; i < 30; ++i) text += "The ferry left the island before the sun was up. ";
  WriteOptions options = summary_options();
  options.stride = 20;
  const TextWriter writer(loaded, options);
  const WrittenText written = writer.write({text});
  EXPECT_GT(written.chunks, 3);
  EXPECT_GT(written.text.size(), writer.write({"The ferry left."}).text.size());
  options.stride = 2000;
  EXPECT_THROW(TextWriter(loaded, options).write({text}), Error);
}

// A causal model: the shipped prompt, no more tokens than asked for, and not the prompt itself.
TEST(WriteText, ACausalModelGetsAPrompt) {
  const Loaded loaded = tiny("gpt2/causal");
  WriteOptions options = translation_options("en", "de");
  options.overrides.max_new_tokens = 4;
  const TextWriter writer(loaded, options);
  EXPECT_EQ(writer.prompt_of({"w5 w6"}), "Translate this text from English to German.\nEnglish: w5 w6\nGerman:");
  EXPECT_LE(loaded.tokenizer().encode_ids(writer.write({"w5 w6"}).text).size(), 4U);
  WriteOptions answers = written_answer_options();
  answers.overrides.max_new_tokens = 4;
  const TextWriter answering(loaded, answers);
  EXPECT_THAT(answering.prompt_of({"w5 w6", {{"question", "w7"}}}), HasSubstr("Question: w7\nAnswer:"));
  // The context has 64 tokens.
  std::string text;
  for (int i = 0; i < 70; ++i) text += "w9 ";
  EXPECT_THROW(writer.write({text}), Error);
}

TEST(WriteText, RefusesModelsThatWriteNothing) {
  try {
    const Loaded loaded = tiny("bert/masked");
    TextWriter(loaded, summary_options());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
  }
}

TEST(WriteText, RefusesDamagedParameters) {
  const Scratch scratch;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures() / "tasks/writing"))
    std::filesystem::copy(entry.path(), scratch.path() / entry.path().filename());
  const auto file = scratch / "config.json";
  Json config = read_json(file);
  for (const Json& wrong : {Json("summarize"), Json{{"max_length", "long"}}, Json{{"prefix", 1}}}) {
    config["task_specific_params"]["summarization"] = wrong;
    write_file(file, dump_json(config));
    const Loaded loaded = load_pretrained(scratch.path());
    EXPECT_THROW(TextWriter(loaded, summary_options()), Error) << wrong.dump();
  }
}

}  // namespace
}  // namespace linnet::tasks
