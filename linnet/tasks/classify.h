// Texts and labels in, probabilities out: by the scores of label words, by completing, by the masked word, by
// entailment, or by a trained head. The move from prompting to a fine-tuned classifier is another engine, same answer.
//
//   Classifier classifier(model, tokenizer, {.labels = {"positive", "negative"}});
//   Classification c = classifier.classify({"I love the sunny weather today."}).front();
//   // c.label == "positive", c.scores[0].score == 0.93
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/base/option_rule.h"
#include "linnet/generate/score.h"
#include "linnet/models/model.h"
#include "linnet/prompt/exemplars.h"
#include "linnet/prompt/template.h"
#include "linnet/prompt/verbalizer.h"
#include "linnet/tasks/batches.h"
#include "linnet/tasks/prompt_ids.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

enum class Engine : std::uint8_t { kAuto, kScore, kGenerate, kMask, kNli, kHead };
enum class Normalize : std::uint8_t { kSum, kTokens, kChars, kBytes, kPmi };

// Log-probabilities every label gets from inputs that say nothing ("N/A", "", "[MASK]"): subtracted before the softmax
// (Zhao et al., 2021). They hold for what they were measured with only.
struct Calibration {
  std::vector<std::string> labels = {};
  std::vector<double> logprobs = {};
  // Classifier::setup() of the classifier that measured it; null: the caller answers for its fitness.
  Json measured_with = {};
  std::string place = "calibration";  // the file it came from, for errors
};

struct ClassifyOptions {
  std::vector<std::string> labels = {};       // may be empty for a trained head: the checkpoint's own
  std::vector<std::string> label_words = {};  // "label=word,word"
  Engine engine = Engine::kAuto;
  std::optional<PromptTemplate> prompt = {};  // none: the default of the engine
  bool chat = false;                          // the prompt is a user's turn of the chat template; the assistant answers
                                              // with "label" instead of " label"
  Normalize normalize = Normalize::kSum;
  bool calibrate = false;                       // by content-free inputs, measured at construction
  std::optional<Calibration> calibration = {};  // or as saved
  double abstain_below = 0;                     // best probabilities under it are marked
  std::vector<Exemplar> exemplars = {};         // solved examples to draw from
  std::int64_t shots = 0;
  std::uint64_t seed = 0;
  bool allow_untrained = false;  // predict with a head that was never trained (R69)
  std::string weights_id = {};   // names the weights in setup(): models::weights_id()
  std::int64_t batch_rows = nn::kBatchRows;
};

// What would be ignored without a word under another engine is refused.
inline constexpr OptionRule kClassifyRules[] = {
    {"prompt", {}, "engine", "score,mask,generate,nli"},
    {"label_words", {}, "engine", "score,mask,generate"},
    {"chat", {}, "engine", "score,generate"},
    {"exemplars", {}, "engine", "score,mask,generate"},
    {"normalize", {}, "engine", "score,mask"},
    {"calibrate", {}, "engine", "score,mask"},
    {"abstain_below", between(0, 1), "engine", "score,mask,nli,head"},
};

struct LabelScore {
  std::string label;
  double score;    // probability over the labels (independent ones of a multi-label head, the value of a regression)
  double logprob;  // before normalisation: of the label's words (added as probabilities), of entailment, of the class
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
  Json columns = {};  // the row it came from, an object: slots of the template by their names; null: none
};

class Classifier {
 public:
  // kInvalidArgument: labels, words or options that do not fit each other or the engine (a template for a trained
  // head); kBadInput: an engine the checkpoint has no head for, an untrained head, a calibration of another setup.
  Classifier(const models::Model& model, const Tokenizer& tokenizer, ClassifyOptions options);

  std::vector<Classification> classify(std::span<const TextInput> texts) const;
  std::vector<Classification> classify(const std::vector<std::string>& texts) const;

  // What all prompts so far begin with, computed once: for texts that come in portions.
  using Session = std::unique_ptr<generate::ScoreSession>;  // none where nothing is scored
  Session make_session() const;
  // Every answer as soon as it is known, in the order of the texts: they are worked on in portions of a few batches.
  using OnAnswer = std::function<void(std::size_t index, const Classification& answer)>;
  void classify_each(std::span<const TextInput> texts, Session& session, const OnAnswer& on_answer,
                     const OnRefusal& on_refusal = {}) const;
  void classify_each(std::span<const TextInput> texts, const OnAnswer& on_answer) const {
    Session session = make_session();
    classify_each(texts, session, on_answer);
  }

  Engine engine() const { return engine_; }
  const std::vector<std::string>& labels() const { return labels_; }
  // Throws what this text would be refused for: with a text that surely has tokens, what is wrong with the template.
  void check_input(const TextInput& input) const { prepare(input); }
  std::string render(const TextInput& input) const;  // the whole prompt of a text
  const std::optional<Calibration>& calibration() const { return options_.calibration; }
  // What a calibration depends on: weights, engine, template, words, normalisation, exemplars; an object.
  Json setup() const;

 private:
  // What a word, or a label, scores: raw, and normalised as asked for.
  struct WordScore {
    double logprob;
    std::int64_t tokens;
  };
  struct LabelScores {
    std::vector<double> logprobs, scaled;
  };
  // A text as its engine reads it.
  struct Prepared {
    generate::ScoreRequest request = {};  // score
    std::vector<std::int32_t> ids = {};   // mask, generate
    std::vector<Encoding> inputs = {};    // head: one; nli: one per label
  };
  Prepared prepare(const TextInput& input) const;  // throws what is wrong with this text
  std::vector<Classification> answers_of(std::span<const Prepared> texts, Session& session) const;
  std::vector<Classification> by_score(std::span<const Prepared> texts, Session& session) const;
  std::vector<Classification> by_generation(std::span<const Prepared> texts) const;
  std::vector<Classification> by_entailment(std::span<const Prepared> texts) const;
  std::vector<Classification> by_head(std::span<const Prepared> texts) const;
  std::vector<LabelScores> label_scores(std::span<const Prepared> texts, Session& session) const;
  // Per text a score per word; words are label after label.
  std::vector<std::vector<WordScore>> word_scores(std::span<const Prepared> texts, Session& session) const;
  std::vector<std::vector<WordScore>> mask_scores(std::span<const Prepared> texts) const;
  generate::ScoreRequest score_request(const std::string& prompt) const;
  std::vector<std::int32_t> mask_prompt(const std::string& prompt) const;
  std::int32_t mask_word(const std::string& word) const;  // its one token
  std::vector<Encoding> hypotheses(const TextInput& input) const;
  Encoding head_input(const TextInput& input) const;
  std::string hypothesis(const TextInput& input, const std::string& label) const;
  std::string with_exemplars(const Exemplar& question, const Json& shared) const;
  std::string prompt_of(const TextInput& input) const;  // rendered, the text cut where the context would not hold it
  std::vector<std::int32_t> ids_of(const std::string& prompt) const;
  std::int64_t context() const;      // positions of the model; 0: any number
  std::int64_t prompt_room() const;  // tokens a prompt may have; 0: any number
  // The class scores of a trained head.
  std::vector<std::vector<double>> class_logits(std::span<const Encoding* const> inputs) const;
  // A text or a pair as tokens that the context holds.
  Encoding cut_to_context(std::string_view first, std::optional<std::string_view> second,
                          TruncationStrategy strategy) const;
  void note_cut() const;  // once
  // Probabilities over the labels from `adjusted` scores.
  Classification rank(std::span<const double> logprobs, std::span<const double> adjusted) const;
  Classification rank(std::vector<LabelScore> scores) const;
  void check_options() const;
  void check_calibration() const;
  void calibrate(Session& session);
  void measure_prior(Session& session);
  enum class Remark : std::uint8_t { kExemplarsDropped, kTextCut, kBoundaryMoved, kUnknownWord, kCount };
  bool first_time(Remark remark) const;  // a note is worth printing once

  const models::Model& model_;
  Tokenizer tokenizer_;
  ClassifyOptions options_;
  Engine engine_;
  Opening opening_;
  PromptTemplate prompt_;
  std::vector<std::string> labels_;  // a trained head's may hold a name twice
  Verbalizer words_;                 // of the engines that know labels by words; else empty
  Verbalizer exemplar_words_;        // of solved examples, which stand in the prompt also in a chat
  std::optional<Exemplars> exemplars_;
  std::vector<std::int32_t> mask_words_;  // mask: the token of every word
  std::vector<double> prior_;             // PMI: log p of every word after the template with an empty text
  mutable std::array<bool, static_cast<std::size_t>(Remark::kCount)> remarked_{};
};

// log(sum of exp), for probabilities of several words that are added.
double log_sum_exp(std::span<const double> values);
// The engine `auto` means for a checkpoint.
Engine engine_for(const models::TransformerConfig& config);
// Which of `labels` a generated text means: exactly, by its beginning, by edit distance; none when it is far from all.
std::optional<std::size_t> match_label(std::string_view text, std::span<const std::string> labels);

}  // namespace linnet::tasks
