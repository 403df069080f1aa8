// Summaries, translations and answers that a model writes: an encoder-decoder reads the text after the prefix that its
// files have for the task, a causal model gets a prompt.
//
//   TextWriter writer(loaded, summary_options());
//   std::string summary = writer.write({.text = article}).text;
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/generate/overrides.h"
#include "linnet/prompt/template.h"
#include "linnet/tasks/batches.h"

namespace linnet::tasks {

struct WriteOptions {
  // Names of the task in task_specific_params of config.json; the first one there is obeyed: its prefix, lengths,
  // beams.
  std::vector<std::string> names = {};
  // Of a translation: for the tokenizer's marks of languages, if there are no parameters of the task.
  std::string source_language = {}, target_language = {};
  PromptTemplate prompt;  // of a causal model; a user turn if there is a chat template
  // What an encoder-decoder reads; unset: the prefix of its files and the text.
  std::optional<PromptTemplate> encoder_prompt = {};
  std::vector<std::string> stop = {};  // ends a text without a chat template, besides the checkpoint's
  // A text that the model cannot read at once: chunks that share this number of tokens, whose results are joined;
  // unset: it is refused.
  std::optional<std::int64_t> stride = {};
  generate::Overrides overrides = {};
};

// The tasks of the verbs. `from` and `to` are languages: "en", or "English".
WriteOptions summary_options();
WriteOptions translation_options(const std::string& from, const std::string& to);
WriteOptions written_answer_options();

struct WriteInput {
  std::string text;
  Json slots = {};  // other slots of the prompt, an object; null: none
};

struct WrittenText {
  std::string text;
  std::int64_t chunks = 1;
  double logprob = 0;                    // of its tokens, if the options ask for log-probabilities; NaN with beams
  std::vector<std::string> others = {};  // of num_return_sequences, after the best; none for a text in chunks
};

class TextWriter {
 public:
  // kBadInput if the model writes no text, or its files have wrong parameters of the task. `loaded` must outlive it.
  TextWriter(const Loaded& loaded, WriteOptions options);

  // kInvalidArgument for a text without tokens, or one that is too long.
  WrittenText write(const WriteInput& input) const;
  // Returns every text as early as possible, in order.
  using OnWritten = std::function<void(std::size_t index, const WrittenText& written)>;
  void write_each(std::span<const WriteInput> inputs, const OnWritten& on_written,
                  const OnRefusal& on_refusal = {}) const;

  // What the model reads of an input that needs no chunks.
  std::string prompt_of(const WriteInput& input) const;
  const generate::GenerateOptions& generation() const { return generation_; }

 private:
  std::vector<std::int32_t> ids_of(const WriteInput& input) const;
  std::vector<WriteInput> chunks_of_text(const WriteInput& input, std::size_t ids) const;
  std::vector<std::vector<std::int32_t>> prompts_of(const WriteInput& input) const;
  std::string text_of(std::span<const std::int32_t> ids) const;
  generate::OnToken until_stop() const;
  std::int64_t limit() const;  // tokens of a prompt; 0: none
  void mark_languages();

  const Loaded& loaded_;
  Tokenizer tokenizer_;  // marks the languages
  WriteOptions options_;
  bool reads_, chats_;  // an encoder-decoder; with the chat template
  std::string prefix_;
  generate::GenerateOptions generation_;
  std::vector<std::string> stop_;
};

}  // namespace linnet::tasks
