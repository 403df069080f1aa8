// The engines without label words: generation, entailment, a trained head.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/nearest.h"
#include "linnet/generate/engine.h"
#include "linnet/generate/score.h"
#include "linnet/models/model_files.h"
#include "linnet/tasks/batches.h"
#include "linnet/tasks/classify.h"
#include "linnet/tasks/prompt_ids.h"
#include "linnet/tokenizer/text_cutter.h"

namespace linnet::tasks {
namespace {

// Lower case, without spaces and punctuation at both ends.
std::string bare(std::string_view text) {
  const auto counts = [](unsigned char c) { return std::isalnum(c) || c >= 0x80 || c == '+' || c == '#'; };
  while (!text.empty() && !counts(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && !counts(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

constexpr std::int64_t kAnswerTokens = 16;  // room for a label and the end token

// The class of entailment, as the zero-shot pipeline finds it: by the names in label2id, else by the labels.
std::size_t entailment_index(const models::Model& model) {
  const std::vector<std::string>& labels = model.config().labels;
  if (model.files() != nullptr && model.files()->is_folder()) {
    const Json& config = model.files()->config_json();
    const auto names = config.find("label2id");
    if (names != config.end() && names->is_object())
      for (const auto& [name, id] : names->items())
        if (means_entailment(name) && id.is_number_integer() && id >= 0 && id < labels.size())
          return id.template get<std::size_t>();
  }
  const auto found = std::ranges::find_if(labels, means_entailment);
  return static_cast<std::size_t>(found == labels.end() ? 0 : found - labels.begin());
}

using Ids = std::vector<std::int32_t>;
constexpr std::size_t kAnswerMemory = std::size_t{256} << 20;  // keys and values of texts that are processed together

// The generated text of each prompt, in one engine.
std::vector<Ids> answers(const models::Model& model, const std::vector<Ids>& prompts,
                         const generate::GenerateOptions& options) {
  std::size_t longest = 0;
  for (const Ids& prompt : prompts) longest = std::max(longest, prompt.size());
  const std::size_t positions =
      longest + static_cast<std::size_t>(model.virtual_tokens().count() + kAnswerTokens + 2 * kKvBlock);
  generate::Engine engine(model,
                          {.memory = std::max(kAnswerMemory, model.make_cache().bytes_per_position() * positions)});
  const bool reads = model.config().stack == nn::Stack::kEncoderDecoder;
  std::vector<Ids> said(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    generate::Request request{.options = options};
    (reads ? request.encoder_ids : request.prompt) = prompts[i];
    request.on_end = [&said, i](generate::Generation& g) { said[i] = std::move(g.ids); };
    engine.submit(std::move(request));
  }
  while (engine.step()) {
  }
  return said;
}

}  // namespace

bool means_entailment(std::string_view label) { return bare(label).starts_with("entail"); }

std::optional<std::size_t> match_label(std::string_view text, std::span<const std::string> labels) {
  const std::string said = bare(text);
  if (said.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const std::string& label : labels) names.push_back(bare(label));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (said == names[i]) return i;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < names.size(); ++i)  // the longest label that is a prefix of the text
    if (!names[i].empty() && said.starts_with(names[i]) && (!best || names[i].size() > names[*best].size())) best = i;
  if (best) return best;
  const std::string word = said.substr(0, said.find_first_of(" \n\t.,;:!?"));
  std::size_t least = SIZE_MAX;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t distance = edit_distance(word, names[i]);
    if (distance < least) least = distance, best = i;
  }
  return best && least * 3 <= names[*best].size() ? best : std::nullopt;  // a third of its letters may differ
}

generate::GenerateOptions Classifier::answer_options() const {
  generate::GenerateOptions options{.max_new_tokens = kAnswerTokens};
  const GenerationConfig& checkpoint = loaded_.generation();
  if (checkpoint.decoder_start_id) options.decoder_start_id = static_cast<std::int32_t>(*checkpoint.decoder_start_id);
  if (checkpoint.forced_bos_id) options.forced_bos_id = static_cast<std::int32_t>(*checkpoint.forced_bos_id);
  for (const std::int64_t id : model_.config().eos_ids) options.eos_ids.push_back(static_cast<std::int32_t>(id));
  return options;
}

Classification Classifier::generated_answer(std::span<const std::int32_t> ids) const {
  std::vector<std::string> names;  // possible answers: label words, if exemplars show them, else the labels
  std::vector<std::size_t> meant;
  for (std::size_t l = 0; l < words_.size(); ++l)
    for (const std::string& word : words_.words(l)) names.push_back(word), meant.push_back(l);
  for (std::size_t l = 0; l < labels_.size(); ++l) names.push_back(labels_[l]), meant.push_back(l);
  Classification c;
  std::string raw = tokenizer_.decode(ids);
  if (const auto found = match_label(raw, names)) {
    std::vector<LabelScore> scores;
    for (std::size_t l = 0; l < labels_.size(); ++l)
      scores.push_back({labels_[l], l == meant[*found] ? 1.0 : 0.0, l == meant[*found] ? 0.0 : -INFINITY});
    c = rank(std::move(scores));
  }
  c.raw = std::move(raw);
  return c;
}

std::vector<Classification> Classifier::by_generation(std::span<const Prepared> texts) const {
  std::vector<Ids> prompts;
  for (const Prepared& text : texts) prompts.push_back(text.ids);
  std::vector<Classification> result;
  for (const Ids& answer : answers(model_, prompts, answer_options())) result.push_back(generated_answer(answer));
  return result;
}

std::vector<std::vector<double>> Classifier::class_logits(std::span<const Encoding* const> inputs) const {
  std::vector<std::vector<double>> result(inputs.size());
  generate::Engine engine(model_, {.batch_tokens = options_.batch_rows});
  for (std::size_t i = 0; i < inputs.size(); ++i)
    engine.submit(generate::EncodeRequest{.ids = inputs[i]->ids,
                                          .type_ids = inputs[i]->type_ids,
                                          .rows = generate::HiddenRows::kClasses,
                                          .on_end = [&result, i](const Tensor& logits) {
                                            const Tensor scores = logits.to(kCpu);
                                            const auto values = scores.data<float>();
                                            result[i].assign(values.begin(), values.end());
                                          }});
  while (engine.step()) {
  }
  return result;
}

Encoding Classifier::cut_to_context(std::string_view first, std::optional<std::string_view> second,
                                    TruncationStrategy strategy) const {
  TextCutter cutter(tokenizer_, length_limit(model_, tokenizer_), {.want_tokens = false, .want_offsets = false});
  Encoding made = cutter.encode(first, second, strategy);
  check(made.size() > 0, kNoTokens);
  if (cutter.cut_texts() > 0) note_cut(cutter.max_length());
  return made;
}

std::vector<Encoding> Classifier::hypotheses(const TextInput& input) const {
  std::vector<Encoding> pairs;
  for (const std::string& label : labels_)
    pairs.push_back(cut_to_context(input.text, hypothesis(input, label), TruncationStrategy::kOnlyFirst));
  return pairs;
}

Encoding Classifier::head_input(const TextInput& input) const {
  const auto pair = input.pair.empty() ? std::nullopt : std::optional<std::string_view>(input.pair);
  Encoding made = cut_to_context(input.text, pair, TruncationStrategy::kLongestFirst);
  check(made.size() > 0, kNoTokens);
  return made;
}

// As in the zero-shot pipeline: a softmax over the entailment logits of the labels, or for each label one over
// contradiction and entailment. `logits`: of every label.
Classification Classifier::entailment_answer(std::span<const std::vector<double>> logits) const {
  const std::size_t entailment = entailment_index(model_);
  const std::size_t contradiction = entailment == 0 ? model_.config().labels.size() - 1 : 0;
  std::vector<double> entailed, logprobs;
  std::vector<LabelScore> scores;
  for (std::size_t l = 0; l < labels_.size(); ++l) {
    entailed.push_back(logits[l][entailment]);
    logprobs.push_back(logits[l][entailment] - log_sum_exp(logits[l]));
    const double odds = std::exp(logits[l][contradiction] - logits[l][entailment]);
    scores.push_back({labels_[l], 1 / (1 + odds), logprobs.back()});
  }
  const bool independent = options_.multi_label || labels_.size() == 1;
  return independent ? rank(std::move(scores)) : rank(logprobs, entailed);
}

std::vector<Classification> Classifier::by_entailment(std::span<const Prepared> texts) const {
  std::vector<const Encoding*> pairs;
  for (const Prepared& text : texts)
    for (const Encoding& pair : text.inputs) pairs.push_back(&pair);
  const auto logits = class_logits(pairs);
  std::vector<Classification> result;
  for (std::size_t at = 0; at < logits.size(); at += labels_.size())
    result.push_back(entailment_answer(std::span(logits).subspan(at, labels_.size())));
  return result;
}

// As in the text-classification pipeline: a value for a regression, independent probabilities for multi-label or a
// single label, else probabilities over the labels.
Classification Classifier::head_answer(std::span<const double> logits) const {
  const models::ProblemType problem = model_.config().problem;
  const bool regression = problem == models::ProblemType::kRegression;
  const bool independent = problem == models::ProblemType::kMultiLabel || logits.size() == 1;
  const double all = log_sum_exp(logits);
  std::vector<LabelScore> scores;
  for (std::size_t l = 0; l < logits.size(); ++l) {
    const double logprob = independent ? -std::log1p(std::exp(-logits[l])) : logits[l] - all;
    if (regression)
      scores.push_back({labels_[l], logits[l], NAN});
    else
      scores.push_back({labels_[l], std::exp(logprob), logprob});
  }
  return rank(std::move(scores));
}

std::vector<Classification> Classifier::by_head(std::span<const Prepared> texts) const {
  std::vector<const Encoding*> inputs;
  for (const Prepared& text : texts) inputs.push_back(&text.inputs.front());
  std::vector<Classification> result;
  for (const auto& logits : class_logits(inputs)) result.push_back(head_answer(logits));
  return result;
}

}  // namespace linnet::tasks
