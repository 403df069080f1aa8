// Texts and labels in, probabilities out: by the scores of label words, by completing, by the masked word, by entailment,
// or by a trained head. The move from prompting to a fine-tuned classifier is another engine, same answer.
//
//   Classifier classifier(model, tokenizer, {.labels = {"positive", "negative"}});
//   Classification c = classifier.classify({"I love the sunny weather today."}).front();
//   // c.label == "positive", c.scores[0].score == 0.93
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/models/model.h"
#include "linnet/prompt/chat_template.h"
#include "linnet/prompt/exemplars.h"
#include "linnet/prompt/template.h"
#include "linnet/prompt/verbalizer.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

enum class Engine : std::uint8_t { kAuto, kScore, kGenerate, kMask, kNli, kHead };
enum class Normalize : std::uint8_t { kSum, kTokens, kChars, kBytes, kPmi };

// Log-probabilities every label gets from inputs that say nothing ("N/A", "", "[MASK]"): subtracted before the softmax
// (Zhao et al., 2021).
struct Calibration {
  std::vector<std::string> labels;
  std::vector<double> logprobs;
};

struct ClassifyOptions {
  std::vector<std::string> labels = {};       // may be empty for a trained head: the checkpoint's own
  std::vector<std::string> label_words = {};  // "label=word,word"
  Engine engine = Engine::kAuto;
  std::optional<PromptTemplate> prompt = {};  // none: the default of the engine
  bool chat = false;                          // the prompt is a user's turn of the chat template
  Normalize normalize = Normalize::kSum;
  bool calibrate = false;                     // by content-free inputs, measured at construction
  std::optional<Calibration> calibration = {};  // or as saved
  double abstain_below = 0;                   // best probabilities under it are marked
  std::vector<Exemplar> exemplars = {};       // solved examples to draw from
  std::int64_t shots = 0;
  std::uint64_t seed = 0;
  bool allow_untrained = false;               // predict with a head that was never trained (R69)
  std::int64_t batch_rows = 1024;
};

struct LabelScore {
  std::string label;
  double score;    // probability over the labels
  double logprob;  // before normalisation: of the label's words (added as probabilities)
};

struct Classification {
  std::optional<std::string> label;  // absent when the generated text fits no label
  double score = 0, margin = 0;
  bool abstained = false;
  std::vector<LabelScore> scores;  // best first
  std::string raw;                 // engine generate: what the model wrote
};

struct TextInput {
  std::string text, pair = {};
};

class Classifier {
 public:
  using Progress = std::function<void(std::int64_t done, std::int64_t all)>;
  // kInvalidArgument: an engine the checkpoint has no head for; kBadInput: an untrained head.
  Classifier(const models::Model& model, const Tokenizer& tokenizer, ClassifyOptions options);

  std::vector<Classification> classify(std::span<const TextInput> texts, const Progress& progress = {}) const;
  std::vector<Classification> classify(const std::vector<std::string>& texts) const;

  Engine engine() const { return engine_; }
  const std::vector<std::string>& labels() const { return words_.labels(); }
  std::string render(const TextInput& input) const;  // the whole prompt of a text, as --show-prompt prints it
  const std::optional<Calibration>& calibration() const { return options_.calibration; }

 private:
  std::vector<Classification> by_score(std::span<const TextInput> texts, const Progress& progress) const;
  std::vector<Classification> by_generation(std::span<const TextInput> texts, const Progress& progress) const;
  std::vector<Classification> by_entailment(std::span<const TextInput> texts, const Progress& progress) const;
  std::vector<Classification> by_head(std::span<const TextInput> texts, const Progress& progress) const;
  // log p of every label of every text, normalised as asked for.
  std::vector<std::vector<double>> label_logprobs(std::span<const TextInput> texts, const Progress& progress) const;
  std::vector<std::vector<double>> word_logprobs(std::span<const std::string> prompts, const Progress& progress) const;
  std::vector<std::vector<double>> mask_logprobs(std::span<const std::string> prompts, const Progress& progress) const;
  Classification rank(std::span<const double> logprobs, std::span<const double> adjusted) const;
  void calibrate();

  const models::Model& model_;
  Tokenizer tokenizer_;
  ClassifyOptions options_;
  Engine engine_;
  PromptTemplate prompt_;
  Verbalizer words_;
  std::optional<Exemplars> exemplars_;
};

// The engine `auto` means for a checkpoint.
Engine engine_for(const models::TransformerConfig& config);
// Which of `labels` a generated text means: exactly, by its beginning, by edit distance; none when it is far from all.
std::optional<std::size_t> match_label(std::string_view text, std::span<const std::string> labels);

}  // namespace linnet::tasks
