#include "write_flags.h"

#include "linnet/base/error.h"

namespace linnet::app {

namespace {

// The best text, and the others of --num-return-sequences.
RowAnswer several_texts(const std::string& key, const tasks::WrittenText& written) {
  RowAnswer answer{Json::array({{{key, written.text}}}), written.text + "\n", {written.text}};
  for (const std::string& other : written.others) {
    answer.json.push_back({{key, other}});
    answer.text += other + "\n";
  }
  return answer;
}

}  // namespace

std::optional<EarlyStopping> early_stopping(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return name == "true" ? EarlyStopping::kYes : name == "false" ? EarlyStopping::kNo : EarlyStopping::kNever;
}

void add_length_options(Command& command, generate::Overrides& r) {
  command.option("--max-new-tokens", r.max_new_tokens);
  command.option("--max-length", r.max_length);
  command.option("--min-new-tokens", r.min_new_tokens);
  command.option("--min-length", r.min_length);
  command.option("--repetition-penalty", r.repetition_penalty);
  command.option("--no-repeat-ngram-size", r.no_repeat_ngram_size);
}

void add_write_options(Command& command, WriteFlags& flags) {
  add_text_options(command, flags.texts);
  command.option("--template", flags.prompt);
  add_length_options(command, flags.overrides);
  command.option("--num-beams", flags.overrides.num_beams);
  command.option("--num-return-sequences", flags.overrides.num_return_sequences);
  command.option("--length-penalty", flags.overrides.length_penalty);
  command.choice("--early-stopping", flags.early_stopping, {"true", "false", "never"});
  add_answer_options(command, flags.show);
  add_model_options(command, flags.model);
}

void write_rows(const Command& command, const WriteFlags& flags, tasks::WriteOptions options, const std::string& doing,
                const std::string& key) {
  check_answer_options(command, flags.show);
  if (command.given("--template")) {
    options.prompt = PromptTemplate::parse(flags.prompt);
    options.encoder_prompt = options.prompt;
  }
  options.overrides = flags.overrides;
  options.overrides.early_stopping = early_stopping(flags.early_stopping);
  options.overrides.seed = flags.model.seed;
  TextRows rows(command, flags.texts, flags.show, {.one_text = true, .labels = Labels::kIgnored});
  const Loaded loaded = load_pretrained(command, flags.model);
  const tasks::TextWriter writer(loaded, std::move(options));
  rows.answer(doing, {key},
              written_rows(
                  writer,
                  [](ExampleRef row) {
                    return tasks::WriteInput{(*row).text, (*row).row.json()};
                  },
                  [&](ExampleRef, const tasks::WrittenText& written) { return several_texts(key, written); }),
              16);
}

TextRows::Work written_rows(const tasks::TextWriter& writer, const InputOf& input, const AnswerOf& answer) {
  return
      [&writer, input, answer](RowAnswers& answers, const std::vector<ExampleRef>& asked, const TextRows::Next& next) {
        std::vector<tasks::WriteInput> inputs;
        for (const ExampleRef& row : asked) inputs.push_back(input(row));
        writer.write_each(
            inputs,
            [&](std::size_t i, const tasks::WrittenText& written) {
              answers.add(input_row(asked[i], answers.joins()), answer(asked[i], written));
              next();
            },
            [&](std::size_t i, const Error& why) {
              answers.refuse(input_row(asked[i], answers.joins()), why);
              next();
            });
      };
}

}  // namespace linnet::app
