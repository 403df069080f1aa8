#include "linnet/tasks/classify.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/utf8.h"
#include "linnet/tasks/batches.h"
#include "linnet/tasks/chat.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {

double log_sum_exp(std::span<const double> values) {
  const double most = *std::max_element(values.begin(), values.end());
  if (!std::isfinite(most)) return most;
  double sum = 0;
  for (const double v : values) sum += std::exp(v - most);
  return most + std::log(sum);
}

namespace {

using models::HeadKind;

bool entails(const models::TransformerConfig& config) {
  return std::any_of(config.labels.begin(), config.labels.end(), [](const std::string& label) {
    return label.size() >= 6 &&
           (label.starts_with("entail") || label.starts_with("ENTAIL") || label.starts_with("Entail"));
  });
}

PromptTemplate default_prompt(Engine engine) {
  if (engine == Engine::kNli) return PromptTemplate::from_source("This example is {{ label }}.", "default hypothesis");
  if (engine == Engine::kMask)
    return PromptTemplate::from_source("{{ text }} This is {{ mask }}.", "default template of a masked LM");
  return PromptTemplate::classify_default();
}

std::vector<std::string> labels_of(const ClassifyOptions& options, Engine engine,
                                   const models::TransformerConfig& config) {
  if (engine == Engine::kHead) {
    check(options.labels.empty() || options.labels == config.labels ||
              std::is_permutation(options.labels.begin(), options.labels.end(), config.labels.begin(),
                                  config.labels.end()),
          "the trained head's labels are {}; leave --labels out or name just these", fmt::join(config.labels, ", "));
    return config.labels;
  }
  check(options.labels.size() >= 2,
        "at least two labels are needed, {} given; name them as in --labels positive,negative", options.labels.size());
  return options.labels;
}

}  // namespace

Engine engine_for(const models::TransformerConfig& config) {
  if (config.head == HeadKind::kSequenceClass) return entails(config) ? Engine::kNli : Engine::kHead;
  if (config.head == HeadKind::kMaskedLm || config.head == HeadKind::kPretraining) return Engine::kMask;
  return Engine::kScore;
}

namespace {

Engine chosen_engine(const ClassifyOptions& options, const models::Model& model) {
  const models::TransformerConfig& config = model.config();
  const Engine engine = options.engine == Engine::kAuto ? engine_for(config) : options.engine;
  const bool classes = config.head == HeadKind::kSequenceClass;
  const bool masked = config.head == HeadKind::kMaskedLm || config.head == HeadKind::kPretraining;
  const bool fits = engine == Engine::kHead   ? classes
                    : engine == Engine::kNli  ? classes && entails(config)
                    : engine == Engine::kMask ? masked
                                              : config.head == HeadKind::kCausalLm;
  constexpr const char* kNeeds[] = {"",
                                    "language model head",
                                    "language model head",
                                    "masked language model head",
                                    "head with an entailment label",
                                    "classification head"};
  check(fits, ErrorKind::kBadInput,
        "{}: has no {}, which this engine needs; train one with `linnet train` or take another --engine or model",
        model.place().string(), kNeeds[static_cast<int>(engine)]);
  check(!classes || config.head_trained || options.allow_untrained, ErrorKind::kBadInput,
        "{}: its classification head was never trained, the answers would be random; train it with `linnet train`, or "
        "give --allow-untrained",
        model.place().string());
  return engine;
}

}  // namespace

Classifier::Classifier(const models::Model& model, const Tokenizer& tokenizer, ClassifyOptions options)
    : model_(model),
      tokenizer_(tokenizer),
      options_(std::move(options)),
      engine_(chosen_engine(options_, model)),
      opening_(options_.chat ? Opening::kWritten : Opening::kAdd),
      prompt_(options_.prompt ? *options_.prompt : default_prompt(engine_)),
      words_(Verbalizer::parse(labels_of(options_, engine_, model.config()), options_.label_words,
                               options_.chat ? LabelLead::kNothing : LabelLead::kBlank)),
      exemplar_words_(Verbalizer::parse(words_.labels(), options_.label_words)) {
  if (options_.shots > std::ssize(options_.exemplars))
    note("there are only {} exemplars for {} shots", options_.exemplars.size(), options_.shots);
  if (options_.shots > 0)
    exemplars_.emplace(options_.exemplars, words_.size(), static_cast<std::size_t>(options_.shots), options_.seed);
  check(engine_ != Engine::kMask || tokenizer_.mask_id().has_value(), ErrorKind::kBadInput,
        "{}: its tokenizer has no mask token; take another --engine", model.place().string());
  if (options_.calibration)
    check(options_.calibration->labels == words_.labels(), ErrorKind::kBadInput,
          "the calibration was measured for other labels ({}); measure it for these with --calibrate content-free",
          fmt::join(options_.calibration->labels, ", "));
  const bool scores = engine_ == Engine::kScore || engine_ == Engine::kMask;
  const bool pmi = options_.normalize == Normalize::kPmi;
  check(scores || (options_.normalize == Normalize::kSum && !options_.calibrate && !options_.calibration),
        "only label words are normalised and calibrated; take --engine score or mask");
  if (!pmi && !options_.calibrate) return;
  Session session = make_session();
  if (pmi) measure_prior(session);
  if (options_.calibrate && !options_.calibration) calibrate(session);
}

std::string Classifier::hypothesis(const TextInput& input, const std::string& label) const {
  return prompt_.render({{"label", label}, {"text", input.text}, {"labels", words_.labels()}});
}

std::string Classifier::render(const TextInput& input) const {
  if (engine_ == Engine::kHead) return input.pair.empty() ? input.text : input.text + "\n" + input.pair;
  if (engine_ == Engine::kNli) {
    std::string pairs = input.text;
    for (const std::string& label : words_.labels()) pairs += "\n" + hypothesis(input, label);
    return pairs;
  }
  Json slots{{"text", input.text}, {"labels", words_.labels()}};
  if (!input.pair.empty()) slots["text_pair"] = input.pair;
  if (engine_ == Engine::kMask) slots["mask"] = tokenizer_.id_to_token(*tokenizer_.mask_id());
  const std::string text = exemplars_ ? with_exemplars(slots) : prompt_.render(slots);
  return options_.chat ? render_chat(tokenizer_, Json::array({{{"role", "user"}, {"content", text}}})) : text;
}

std::string Classifier::with_exemplars(const Json& slots) const {
  const std::int64_t room = prompt_room();
  const auto budget = room > 0 ? static_cast<std::size_t>(room) : SIZE_MAX;
  FewShotPrompt prompt = exemplars_->build(prompt_, exemplar_words_, slots, budget, [&](const std::string& text) {
    return prompt_ids(tokenizer_, text).size();
  });
  if (prompt.dropped > 0 && first_time(Remark::kExemplarsDropped))
    note("{} exemplars do not fit the context of {} tokens and are left out (said once)", prompt.dropped, context());
  return std::move(prompt.text);
}

std::int64_t Classifier::context() const { return model_.context(); }

// What the word that is to follow, and a chat template's frame, leave of the context.
std::int64_t Classifier::prompt_room() const {
  constexpr std::int64_t kKept = 32;
  return context() > 0 ? std::max<std::int64_t>(1, context() - kKept) : 0;
}

std::vector<std::int32_t> Classifier::ids_of(const std::string& prompt) const {
  if (engine_ == Engine::kMask) return tokenizer_.encode_ids(prompt);
  return prompt_ids(tokenizer_, prompt, opening_);
}

std::string Classifier::prompt_of(const TextInput& input) const {
  std::string prompt = render(input);
  const std::int64_t room = prompt_room();
  const auto fits = [&](const std::string& candidate) {  // a token is a byte at least
    return static_cast<std::int64_t>(candidate.size()) <= room ||
           static_cast<std::int64_t>(ids_of(candidate).size()) <= room;
  };
  if (room == 0 || fits(prompt)) return prompt;
  if (first_time(Remark::kTextCut))
    note("a text is cut at its end to fit the context of {} tokens (said once)", context());
  std::size_t low = 0, high = input.text.size();  // bytes kept: `low` fits, or nothing does
  while (low < high) {
    const std::size_t middle = (low + high + 1) / 2;
    const std::size_t whole = utf8::complete_prefix(std::string_view(input.text).substr(0, middle));
    if (whole > low && fits(render({input.text.substr(0, whole), input.pair})))
      low = whole;
    else
      high = middle - 1;
  }
  return render({input.text.substr(0, low), input.pair});
}

bool Classifier::first_time(Remark remark) const {
  return !std::exchange(remarked_[static_cast<std::size_t>(remark)], true);
}

Classifier::Session Classifier::make_session() const {
  Session session;
  if (engine_ == Engine::kScore) session.emplace(model_, generate::ScoreOptions{.batch_rows = options_.batch_rows});
  return session;
}

void Classifier::classify_each(std::span<const TextInput> texts, const OnAnswer& on_answer) const {
  Session session = make_session();
  const auto answers_of = [&](std::span<const TextInput> portion) {
    switch (engine_) {
      case Engine::kGenerate:
        return by_generation(portion);
      case Engine::kNli:
        return by_entailment(portion);
      case Engine::kHead:
        return by_head(portion);
      case Engine::kAuto:
      case Engine::kMask:
      case Engine::kScore:
        break;
    }
    return by_score(portion, session);
  };
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end = engine_ == Engine::kGenerate
                                ? begin + 1
                                : portion_end(begin, texts.size(), options_.batch_rows, [&](std::size_t i) {
                                    return texts[i].text.size() * (engine_ == Engine::kNli ? words_.size() : 1);
                                  });
    for (const Classification& answer : answers_of(texts.subspan(begin, end - begin))) on_answer(begin++, answer);
  }
}

std::vector<Classification> Classifier::classify(std::span<const TextInput> texts) const {
  std::vector<Classification> result;
  classify_each(texts, [&](std::size_t, const Classification& answer) { result.push_back(answer); });
  return result;
}

std::vector<Classification> Classifier::classify(const std::vector<std::string>& texts) const {
  std::vector<TextInput> inputs;
  inputs.reserve(texts.size());
  for (const std::string& text : texts) inputs.push_back({text});
  return classify(inputs);
}

Classification Classifier::rank(std::span<const double> logprobs, std::span<const double> adjusted) const {
  const double all = log_sum_exp(adjusted);
  std::vector<LabelScore> scores;
  for (std::size_t l = 0; l < words_.size(); ++l)
    scores.push_back({words_.label(l), std::exp(adjusted[l] - all), logprobs[l]});
  return rank(std::move(scores));
}

Classification Classifier::rank(std::vector<LabelScore> scores) const {
  std::stable_sort(scores.begin(), scores.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  Classification c;
  c.label = scores.front().label;
  c.score = scores.front().score;
  c.margin = scores.size() > 1 ? c.score - scores[1].score : c.score;
  c.abstained = c.score < options_.abstain_below;
  c.scores = std::move(scores);
  return c;
}

}  // namespace linnet::tasks
