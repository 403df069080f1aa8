#include "linnet/tasks/classify.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/utf8.h"
#include "linnet/generate/score.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {
namespace {

using models::HeadKind;

double log_sum_exp(std::span<const double> values) {
  const double most = *std::max_element(values.begin(), values.end());
  if (!std::isfinite(most)) return most;
  double sum = 0;
  for (const double v : values) sum += std::exp(v - most);
  return most + std::log(sum);
}

bool entails(const models::TransformerConfig& config) {
  return std::any_of(config.labels.begin(), config.labels.end(), [](const std::string& label) {
    return label.size() >= 6 && (label.starts_with("entail") || label.starts_with("ENTAIL") || label.starts_with("Entail"));
  });
}

PromptTemplate default_prompt(Engine engine) {
  if (engine == Engine::kNli) return PromptTemplate::from_source("This example is {{ label }}.", "default hypothesis");
  if (engine == Engine::kMask)
    return PromptTemplate::from_source("{{ text }} This is {{ mask }}.", "default template of a masked LM");
  return PromptTemplate::classify_default();
}

std::vector<std::string> labels_of(const ClassifyOptions& options, Engine engine, const models::TransformerConfig& config) {
  if (engine == Engine::kHead) {
    check(options.labels.empty() || options.labels == config.labels ||
              std::is_permutation(options.labels.begin(), options.labels.end(), config.labels.begin(), config.labels.end()),
          "[classify] the trained head's labels are {}; leave --labels out or name just these",
          fmt::join(config.labels, ", "));
    return config.labels;
  }
  check(options.labels.size() >= 2, "[classify] at least two labels are needed, {} given", options.labels.size());
  return options.labels;
}

double divisor(Normalize how, const std::string& word, std::size_t tokens) {
  switch (how) {
    case Normalize::kTokens: return static_cast<double>(tokens);
    case Normalize::kChars: return static_cast<double>(std::max<std::size_t>(1, utf8::count(word)));
    case Normalize::kBytes: return static_cast<double>(std::max<std::size_t>(1, word.size()));
    case Normalize::kSum:
    case Normalize::kPmi: return 1;
  }
  return 1;
}

constexpr const char* kContentFree[] = {"N/A", "", "[MASK]"};

}  // namespace

Engine engine_for(const models::TransformerConfig& config) {
  if (config.head == HeadKind::kSequenceClass) return entails(config) ? Engine::kNli : Engine::kHead;
  if (config.head == HeadKind::kMaskedLm || config.head == HeadKind::kPretraining) return Engine::kMask;
  return Engine::kScore;
}

namespace {

Engine chosen_engine(const ClassifyOptions& options, const models::TransformerConfig& config) {
  const Engine engine = options.engine == Engine::kAuto ? engine_for(config) : options.engine;
  const bool classes = config.head == HeadKind::kSequenceClass;
  const bool masked = config.head == HeadKind::kMaskedLm || config.head == HeadKind::kPretraining;
  const bool fits = engine == Engine::kHead  ? classes
                    : engine == Engine::kNli ? classes && entails(config)
                    : engine == Engine::kMask ? masked
                                              : config.head == HeadKind::kCausalLm;
  constexpr const char* kNeeds[] = {"", "a language model head", "a language model head", "a masked language model head",
                                    "a head with an entailment label", "a classification head"};
  check(fits, ErrorKind::kBadInput, "[classify] this engine needs {}, which the checkpoint does not have",
        kNeeds[static_cast<int>(engine)]);
  check(!classes || config.head_trained || options.allow_untrained, ErrorKind::kBadInput,
        "[classify] the checkpoint's classification head was never trained: its answers would be random; train it with "
        "`linnet train`, or give --allow-untrained");
  return engine;
}

}  // namespace

Classifier::Classifier(const models::Model& model, const Tokenizer& tokenizer, ClassifyOptions options)
    : model_(model), tokenizer_(tokenizer), options_(std::move(options)),
      engine_(chosen_engine(options_, model.config())),
      prompt_(options_.prompt ? *options_.prompt : default_prompt(engine_)),
      words_(Verbalizer::parse(labels_of(options_, engine_, model.config()), options_.label_words)) {
  if (options_.shots > 0)
    exemplars_.emplace(options_.exemplars, words_.size(), static_cast<std::size_t>(options_.shots), options_.seed);
  if (options_.calibration)
    check(options_.calibration->labels == words_.labels(), ErrorKind::kBadInput,
          "[classify] the calibration was measured for other labels: {}", fmt::join(options_.calibration->labels, ", "));
  else if (options_.calibrate)
    calibrate();
}

void Classifier::calibrate() {
  check(engine_ == Engine::kScore || engine_ == Engine::kMask, "[classify] only label scores can be calibrated");
  std::vector<TextInput> inputs;
  for (const char* text : kContentFree) inputs.push_back({text});
  const auto logprobs = label_logprobs(inputs, {});
  Calibration c{words_.labels(), std::vector<double>(words_.size(), 0.0)};
  for (std::size_t l = 0; l < words_.size(); ++l) {
    // The mean of the *probabilities over the labels*, as the paper averages them.
    double mean = 0;
    for (const auto& row : logprobs) mean += std::exp(row[l] - log_sum_exp(row)) / static_cast<double>(logprobs.size());
    c.logprobs[l] = std::log(mean);
  }
  options_.calibration = std::move(c);
}

std::string Classifier::render(const TextInput& input) const {
  Json slots{{"text", input.text}, {"labels", words_.labels()}};
  if (!input.pair.empty()) slots["text_pair"] = input.pair;
  if (engine_ == Engine::kMask) {
    check(tokenizer_.mask_id().has_value(), ErrorKind::kBadInput, "[classify] the tokenizer has no mask token");
    slots["mask"] = tokenizer_.id_to_token(*tokenizer_.mask_id());
  }
  std::string text;
  if (exemplars_) {
    const std::int64_t context = model_.config().max_positions;
    const auto budget = context > 0 ? static_cast<std::size_t>(std::max<std::int64_t>(1, context - 32)) : SIZE_MAX;
    const FewShotPrompt p = exemplars_->build(prompt_, words_, slots, budget, [&](const std::string& s) {
      return prompt_ids(tokenizer_, s).size();
    });
    if (p.dropped > 0) note("{} exemplars do not fit the context of {} tokens and are left out", p.dropped, context);
    text = p.text;
  } else {
    text = prompt_.render(slots);
  }
  if (!options_.chat) return text;
  const auto source = tokenizer_.chat_template();
  check(source.has_value(), ErrorKind::kBadInput, "[classify] the model has no chat template; leave --chat out");
  ChatOptions chat;
  if (const auto bos = tokenizer_.bos_id()) chat.bos_token = tokenizer_.id_to_token(*bos);
  if (const auto eos = tokenizer_.eos_id()) chat.eos_token = tokenizer_.id_to_token(*eos);
  return ChatTemplate(*source, tokenizer_.chat_template_place())
      .render(Json::array({{{"role", "user"}, {"content", text}}}), chat);
}

std::vector<Classification> Classifier::classify(std::span<const TextInput> texts, const Progress& progress) const {
  switch (engine_) {
    case Engine::kGenerate: return by_generation(texts, progress);
    case Engine::kNli: return by_entailment(texts, progress);
    case Engine::kHead: return by_head(texts, progress);
    case Engine::kAuto:
    case Engine::kMask:
    case Engine::kScore: return by_score(texts, progress);
  }
  return {};
}

std::vector<Classification> Classifier::classify(const std::vector<std::string>& texts) const {
  std::vector<TextInput> inputs;
  for (const std::string& text : texts) inputs.push_back({text});
  return classify(inputs);
}

Classification Classifier::rank(std::span<const double> logprobs, std::span<const double> adjusted) const {
  const double all = log_sum_exp(adjusted);
  Classification c;
  for (std::size_t l = 0; l < words_.size(); ++l)
    c.scores.push_back({words_.label(l), std::exp(adjusted[l] - all), logprobs[l]});
  std::stable_sort(c.scores.begin(), c.scores.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  c.label = c.scores.front().label;
  c.score = c.scores.front().score;
  c.margin = c.scores.size() > 1 ? c.score - c.scores[1].score : c.score;
  c.abstained = c.score < options_.abstain_below;
  return c;
}

// Per text and word the raw log-probability; words stand label after label.
std::vector<std::vector<double>> Classifier::word_logprobs(std::span<const std::string> prompts,
                                                           const Progress& progress) const {
  std::vector<generate::ScoreRequest> requests;
  bool moved = false;
  for (const std::string& prompt : prompts) {
    generate::ScoreRequest request;
    for (std::size_t l = 0; l < words_.size(); ++l) {
      for (const std::string& word : words_.words(l)) {
        SplitIds split = split_ids(tokenizer_, prompt, word);
        moved = moved || split.boundary_moved;
        request.prompt = std::move(split.prompt);
        request.continuations.push_back(std::move(split.continuation));
      }
    }
    check(!request.prompt.empty(), "[classify] the prompt is empty");
    requests.push_back(std::move(request));
  }
  if (moved) note("a label word merges with the end of the prompt into one token; start the word with a blank");
  const auto scores = generate::score(model_, requests, {.batch_rows = options_.batch_rows, .progress = progress});
  std::vector<std::vector<double>> result;
  for (const auto& row : scores) {
    std::vector<double> values;
    for (const generate::Score& s : row) values.push_back(s.logprob);
    result.push_back(std::move(values));
  }
  return result;
}

std::vector<std::vector<double>> Classifier::label_logprobs(std::span<const TextInput> texts,
                                                            const Progress& progress) const {
  std::vector<std::string> prompts;
  for (const TextInput& text : texts) prompts.push_back(render(text));
  const auto words = engine_ == Engine::kMask ? mask_logprobs(prompts, progress) : word_logprobs(prompts, progress);
  std::vector<std::vector<double>> result;
  for (const auto& row : words) {
    std::vector<double> labels;
    std::size_t at = 0;
    for (std::size_t l = 0; l < words_.size(); ++l) {
      const std::size_t n = words_.words(l).size();
      labels.push_back(log_sum_exp(std::span(row).subspan(at, n)));
      at += n;
    }
    result.push_back(std::move(labels));
  }
  return result;
}

std::vector<Classification> Classifier::by_score(std::span<const TextInput> texts, const Progress& progress) const {
  std::vector<std::string> prompts;
  for (const TextInput& text : texts) prompts.push_back(render(text));
  const bool masked = engine_ == Engine::kMask;
  const auto words = masked ? mask_logprobs(prompts, progress) : word_logprobs(prompts, progress);
  std::vector<double> prior;
  if (options_.normalize == Normalize::kPmi) {
    const std::vector<std::string> neutral{render({""})};
    prior = (masked ? mask_logprobs(neutral, {}) : word_logprobs(neutral, {})).front();
  }
  std::vector<Classification> result;
  for (std::size_t t = 0; t < texts.size(); ++t) {
    std::vector<double> raw, adjusted;
    std::size_t at = 0;
    for (std::size_t l = 0; l < words_.size(); ++l) {
      std::vector<double> plain, scaled;
      for (const std::string& word : words_.words(l)) {
        const double value = words[t][at];
        const auto tokens = options_.normalize == Normalize::kTokens && !masked
                                ? split_ids(tokenizer_, prompts[t], word).continuation.size() : std::size_t{1};
        plain.push_back(value);
        scaled.push_back((value - (prior.empty() ? 0 : prior[at])) / divisor(options_.normalize, word, tokens));
        ++at;
      }
      raw.push_back(log_sum_exp(plain));
      adjusted.push_back(log_sum_exp(scaled) - (options_.calibration ? options_.calibration->logprobs[l] : 0));
    }
    result.push_back(rank(raw, adjusted));
  }
  return result;
}

}  // namespace linnet::tasks
