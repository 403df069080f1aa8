// Classifies texts: by scores of label words, by generation, by a masked word, by entailment, or by a trained head. A
// fine-tuned classifier is another engine with the same kind of answer.
//
//   Classifier classifier(loaded, {.labels = {"positive", "negative"}});
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

#include "linnet/adapt/loaded.h"
#include "linnet/base/option_rule.h"
#include "linnet/generate/engine.h"
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

// Log-probabilities of every label for content-free inputs ("N/A", "", "[MASK]"), subtracted before the softmax (Zhao
// et al., 2021). They are valid only for the setup of their measurement.
struct Calibration {
  std::vector<std::string> labels = {};
  std::vector<double> logprobs = {};
  // Classifier::setup() of the measurement; null: not checked
  Json measured_with = {};
  std::string place = "calibration";  // its file, for errors
};

struct ClassifyOptions {
  std::vector<std::string> labels = {};       // may be empty for a trained head: those of the checkpoint
  std::vector<std::string> label_words = {};  // "label=word,word"
  Engine engine = Engine::kAuto;
  std::optional<PromptTemplate> prompt = {};  // unset: the default of the engine
  bool chat = false;                          // a user turn of the chat template; the answer is "label", not " label"
  Normalize normalize = Normalize::kSum;
  bool calibrate = false;                       // with content-free inputs, measured at construction
  std::optional<Calibration> calibration = {};  // or saved before
  double abstain_below = 0;                     // answers with a lower probability are marked
  std::vector<Exemplar> exemplars = {};         // pool of solved examples
  std::int64_t shots = 0;
  std::uint64_t seed = 0;
  bool multi_label = false;      // nli: each label is true or not, by entailment against contradiction
  bool allow_untrained = false;  // allow a head that was never trained
  std::string weights_id = {};   // identifies the weights in setup(): models::weights_id()
  std::int64_t batch_rows = nn::kBatchRows;
};

// An option that another engine would ignore is an error.
inline constexpr OptionRule kClassifyRules[] = {
    {"prompt", {}, "engine", "score,mask,generate,nli"},
    {"label_words", {}, "engine", "score,mask,generate"},
    {"chat", {}, "engine", "score,generate"},
    {"exemplars", {}, "engine", "score,mask,generate"},
    {"normalize", {}, "engine", "score,mask"},
    {"calibrate", {}, "engine", "score,mask"},
    {"multi_label", {}, "engine", "nli"},
    {"abstain_below", between(0, 1), "engine", "score,mask,nli,head"},
};

struct LabelScore {
  std::string label;
  double score;    // probability over the labels (independent for a multi-label head and with `multi_label`; the
                   // value of a regression)
  double logprob;  // before normalisation: of the label's words (their sum), of entailment, of the class
};

struct Classification {
  std::optional<std::string> label;  // unset if the generated text matches no label
  double score = 0, margin = 0;
  bool abstained = false;
  std::vector<LabelScore> scores;  // best first
  std::string raw;                 // engine generate: the generated text
};

struct TextInput {
  std::string text, pair = {};
  Json columns = {};  // its data row, an object: slots of the template by name; null: none
};

class Classifier {
 public:
  // kInvalidArgument: labels, words or options that are inconsistent or do not fit the engine (a template for a trained
  // head); kBadInput: an engine without a head in the checkpoint, an untrained head, a calibration of another setup.
  // `loaded` must outlive it.
  Classifier(const Loaded& loaded, ClassifyOptions options);

  std::vector<Classification> classify(std::span<const TextInput> texts) const;
  std::vector<Classification> classify(const std::vector<std::string>& texts) const;

  // Computes the common prefix of all prompts once, for texts in portions.
  using Session = std::unique_ptr<generate::ScoreSession>;  // null if the engine does not score
  Session make_session() const;
  // Returns every answer as early as possible, in the order of the texts, which are processed in portions of a few
  // batches.
  using OnAnswer = std::function<void(std::size_t index, const Classification& answer)>;
  void classify_each(std::span<const TextInput> texts, Session& session, const OnAnswer& on_answer,
                     const OnRefusal& on_refusal = {}) const;
  void classify_each(std::span<const TextInput> texts, const OnAnswer& on_answer) const {
    Session session = make_session();
    classify_each(texts, session, on_answer);
  }

  // One text in an engine that others use, too. `prepare` throws the error of the text, like check_input; `submit`
  // returns the ids of its requests. `on_answer` is called by the thread that steps: the same answer as from
  // classify().
  struct Prepared {
    generate::ScoreRequest request = {};  // score
    std::vector<std::int32_t> ids = {};   // mask, generate
    std::vector<Encoding> inputs = {};    // head: one; nli: one per label

    std::int64_t tokens() const;  // that are computed before the answer
  };
  Prepared prepare(const TextInput& input) const;
  using OnOne = std::function<void(const Classification& answer)>;
  std::vector<generate::RequestId> submit(generate::Engine& engine, const Prepared& text, const OnOne& on_answer) const;
  // Lets texts whose prompts begin alike share these tokens.
  static void share_prefix(std::span<Prepared> texts);

  // True if a text so far was truncated to the context.
  bool has_cut() const { return remarked_[static_cast<std::size_t>(Remark::kTextCut)]; }
  Engine engine() const { return engine_; }
  const std::vector<std::string>& labels() const { return labels_; }
  // Throws the error of this text; for a text that surely has tokens, the error of the template.
  void check_input(const TextInput& input) const { prepare(input); }
  std::string render(const TextInput& input) const;  // the whole prompt of a text
  const std::optional<Calibration>& calibration() const { return options_.calibration; }
  // Dependencies of a calibration: weights, engine, template, words, normalisation, exemplars; an object.
  Json setup() const;

 private:
  // Score of a word or label: raw, and normalised by the options.
  struct WordScore {
    double logprob;
    std::int64_t tokens;
  };
  struct LabelScores {
    std::vector<double> logprobs, scaled;
  };
  std::vector<Classification> answers_of(std::span<const Prepared> texts, Session& session) const;
  std::vector<Classification> by_score(std::span<const Prepared> texts, Session& session) const;
  std::vector<Classification> by_generation(std::span<const Prepared> texts) const;
  std::vector<Classification> by_entailment(std::span<const Prepared> texts) const;
  std::vector<Classification> by_head(std::span<const Prepared> texts) const;
  std::vector<LabelScores> label_scores(std::span<const Prepared> texts, Session& session) const;
  // A score per word for each text; words are ordered by label.
  std::vector<std::vector<WordScore>> word_scores(std::span<const Prepared> texts, Session& session) const;
  std::vector<std::vector<WordScore>> mask_scores(std::span<const Prepared> texts) const;
  std::vector<WordScore> mask_scores(const Tensor& hidden, std::span<const std::int32_t> ids) const;
  LabelScores scores_of_labels(std::span<const WordScore> words) const;
  Classification scored_answer(std::span<const WordScore> words) const;
  generate::GenerateOptions answer_options() const;
  Classification generated_answer(std::span<const std::int32_t> ids) const;
  Classification entailment_answer(std::span<const std::vector<double>> logits) const;
  Classification head_answer(std::span<const double> logits) const;
  generate::ScoreRequest score_request(const std::string& prompt) const;
  std::vector<std::int32_t> mask_prompt(const std::string& prompt) const;
  std::int32_t mask_word(const std::string& word) const;  // its single token
  std::vector<Encoding> hypotheses(const TextInput& input) const;
  Encoding head_input(const TextInput& input) const;
  std::string hypothesis(const TextInput& input, const std::string& label) const;
  std::string with_exemplars(const Exemplar& question, const Json& shared) const;
  std::string prompt_of(const TextInput& input) const;  // rendered; the text is truncated to the context
  std::vector<std::int32_t> ids_of(const std::string& prompt) const;
  std::int64_t context() const;      // positions of the model; 0: unlimited
  std::int64_t prompt_room() const;  // maximum tokens of a prompt; 0: unlimited
  // The logits of a trained head.
  std::vector<std::vector<double>> class_logits(std::span<const Encoding* const> inputs) const;
  // A text or a pair as tokens, truncated to the context.
  Encoding cut_to_context(std::string_view first, std::optional<std::string_view> second,
                          TruncationStrategy strategy) const;
  void note_cut(std::int64_t tokens) const;  // once
  // Probabilities over the labels from `adjusted` scores.
  Classification rank(std::span<const double> logprobs, std::span<const double> adjusted) const;
  Classification rank(std::vector<LabelScore> scores) const;
  void check_options() const;
  void check_calibration() const;
  void calibrate(Session& session);
  void measure_prior(Session& session);
  enum class Remark : std::uint8_t { kExemplarsDropped, kTextCut, kBoundaryMoved, kUnknownWord, kCount };
  bool first_time(Remark remark) const;  // true the first time

  const Loaded& loaded_;
  const models::Model& model_;
  const Tokenizer& tokenizer_;
  ClassifyOptions options_;
  Engine engine_;
  Opening opening_;
  PromptTemplate prompt_;
  std::vector<std::string> labels_;  // may have duplicates for a trained head
  Verbalizer words_;                 // for engines with label words; else empty
  Verbalizer exemplar_words_;        // for solved examples, which are in the prompt also in a chat
  std::optional<Exemplars> exemplars_;
  std::vector<std::int32_t> mask_words_;  // mask: the token of every word
  std::vector<double> prior_;             // PMI: log p of every word after the template with an empty text
  mutable std::array<bool, static_cast<std::size_t>(Remark::kCount)> remarked_{};
};

// True for the name of the class that means "the first text entails the second".
bool means_entailment(std::string_view label);
// "score", "head", …
const char* engine_name(Engine engine);
// log(sum of exp), to add probabilities of words.
double log_sum_exp(std::span<const double> values);
// The engine of `auto` for a checkpoint: a head that judges entailment is asked about other labels than its own.
Engine engine_for(const models::TransformerConfig& config, std::span<const std::string> labels = {});
// The template of a hypothesis in the spelling of Transformers' pipeline: "This example is {}.".
PromptTemplate hypothesis_template(std::string_view text);
// The label that matches a generated text: exactly, by its beginning, or by edit distance; none if all are far.
std::optional<std::size_t> match_label(std::string_view text, std::span<const std::string> labels);

}  // namespace linnet::tasks
