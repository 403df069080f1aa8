#include "linnet/tasks/classify.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/sha256.h"
#include "linnet/base/utf8.h"
#include "linnet/tasks/batches.h"
#include "linnet/tasks/chat.h"

namespace linnet::tasks {

double log_sum_exp(std::span<const double> values) {
  const double most = *std::max_element(values.begin(), values.end());
  if (!std::isfinite(most)) return most;
  double sum = 0;
  for (const double v : values) sum += std::exp(v - most);
  return most + std::log(sum);
}

const char* engine_name(Engine engine) {
  constexpr const char* kNames[] = {"auto", "score", "generate", "mask", "nli", "head"};
  return kNames[static_cast<int>(engine)];
}

namespace {

using models::HeadKind;

bool entails(const models::TransformerConfig& config) {
  return std::any_of(config.labels.begin(), config.labels.end(), means_entailment);
}

bool are_own(std::span<const std::string> labels, const models::TransformerConfig& config) {
  return std::is_permutation(labels.begin(), labels.end(), config.labels.begin(), config.labels.end());
}

const char* normalize_name(Normalize normalize) {
  constexpr const char* kNames[] = {"sum", "tokens", "chars", "bytes", "pmi"};
  return kNames[static_cast<int>(normalize)];
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
    check(options.labels.empty() || are_own(options.labels, config),
          "the trained head's labels are: {}; leave {} out or name just these", fmt::join(config.labels, ", "),
          option("labels"));
    // Transformers' default name for the output of a regression has no meaning.
    const bool nameless =
        config.problem == models::ProblemType::kRegression && config.labels == std::vector<std::string>{"LABEL_0"};
    return nameless ? std::vector<std::string>{"value"} : config.labels;
  }
  check(options.labels.size() >= (engine == Engine::kNli ? 1 : 2),
        "at least two labels are needed, {} given; name them as in {} positive,negative", options.labels.size(),
        option("labels"));
  return options.labels;
}

}  // namespace

PromptTemplate hypothesis_template(std::string_view text) {
  std::string source;
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool slot = text.substr(i).starts_with("{}");
    check(slot || (text[i] != '{' && text[i] != '}'),
          "the hypothesis '{}' has a brace that is not of a {{}}; write a {{}} where the label goes",
          printable(text, 80));
    source += slot ? "{{ label }}" : std::string(1, text[i]);
    if (slot) any = true, ++i;
  }
  check(any, "the hypothesis '{}' has no place for the label; write {{}} there", printable(text, 80));
  return PromptTemplate::from_source(std::move(source), "hypothesis");
}

Engine engine_for(const models::TransformerConfig& config, std::span<const std::string> labels) {
  if (config.head == HeadKind::kSequenceClass)
    return !labels.empty() && entails(config) && !are_own(labels, config) ? Engine::kNli : Engine::kHead;
  if (config.head == HeadKind::kMaskedLm || config.head == HeadKind::kPretraining) return Engine::kMask;
  return Engine::kScore;
}

namespace {

Engine chosen_engine(const ClassifyOptions& options, const models::Model& model) {
  const models::TransformerConfig& config = model.config();
  const Engine engine = options.engine == Engine::kAuto ? engine_for(config, options.labels) : options.engine;
  const bool classes = config.head == HeadKind::kSequenceClass;
  const bool masked = config.head == HeadKind::kMaskedLm || config.head == HeadKind::kPretraining;
  const bool fits = engine == Engine::kHead  ? classes
                    : engine == Engine::kNli ? classes && entails(config)
                    : engine == Engine::kMask
                        ? masked
                        : config.head == HeadKind::kCausalLm || config.head == HeadKind::kSeq2SeqLm;
  constexpr const char* kNeeds[] = {"",
                                    "language model head",
                                    "language model head",
                                    "masked language model head",
                                    "head with an entailment label",
                                    "classification head"};
  check(fits, ErrorKind::kBadInput,
        "{}: has no {}, which this engine needs; train one, or take another engine ({}) or model",
        model.place().string(), kNeeds[static_cast<int>(engine)], option("engine"));
  check(!classes || config.head_trained || options.allow_untrained, ErrorKind::kBadInput,
        "{}: its classification head was never trained, the answers would be random; train it, or give {}",
        model.place().string(), option("allow_untrained"));
  return engine;
}

}  // namespace

Classifier::Classifier(const Loaded& loaded, ClassifyOptions options)
    : loaded_(loaded),
      model_(*loaded.model),
      tokenizer_(loaded.tokenizer()),
      options_(std::move(options)),
      engine_(chosen_engine(options_, model_)),
      opening_(options_.chat ? Opening::kWritten : Opening::kAdd),
      prompt_(options_.prompt ? *options_.prompt : default_prompt(engine_)),
      labels_(labels_of(options_, engine_, model_.config())),
      words_({}),
      exemplar_words_({}) {
  check_options();
  if (engine_ != Engine::kHead) {
    words_ = Verbalizer::parse(labels_, options_.label_words, options_.chat ? LabelLead::kNothing : LabelLead::kBlank);
    exemplar_words_ = Verbalizer::parse(labels_, options_.label_words);
  }
  if (options_.shots > std::ssize(options_.exemplars))
    note("there are only {} exemplars for {} shots", options_.exemplars.size(), options_.shots);
  if (options_.shots > 0)
    exemplars_.emplace(options_.exemplars, labels_.size(), static_cast<std::size_t>(options_.shots), options_.seed);
  if (engine_ == Engine::kMask)
    for (std::size_t l = 0; l < words_.size(); ++l)
      for (const std::string& word : words_.words(l)) mask_words_.push_back(mask_word(word));
  if (options_.calibration) check_calibration();
  const bool pmi = options_.normalize == Normalize::kPmi;
  if (!pmi && !options_.calibrate) return;
  Session session = make_session();
  if (pmi) measure_prior(session);
  if (options_.calibrate && !options_.calibration) calibrate(session);
}

void Classifier::check_options() const {
  const auto of_the_engine = [&](const char* field, bool is_set) {
    check_owner(rule_of(kClassifyRules, field), is_set, engine_name(engine_));
  };
  using enum Engine;
  of_the_engine("prompt", options_.prompt.has_value());
  of_the_engine("label_words", !options_.label_words.empty());
  of_the_engine("chat", options_.chat);
  of_the_engine("exemplars", options_.shots > 0 || !options_.exemplars.empty());
  of_the_engine("normalize", options_.normalize != Normalize::kSum);
  of_the_engine("calibrate", options_.calibrate || options_.calibration.has_value());
  of_the_engine("multi_label", options_.multi_label);
  of_the_engine("abstain_below", options_.abstain_below != 0);
  check_range(rule_of(kClassifyRules, "abstain_below"), options_.abstain_below);
  const bool regression = engine_ == kHead && model_.config().problem == models::ProblemType::kRegression;
  check_option(options_.abstain_below == 0 || !regression, "abstain_below",
               "does not apply to a regression, whose answer is not a probability; leave it out");
  check_option(options_.shots <= 0 || !options_.exemplars.empty(), "shots", "needs solved examples; give {}",
               option("exemplars"));
  check(!options_.chat || tokenizer_.chat_template(), ErrorKind::kBadInput,
        "{}: the model has no chat template; leave {} out", model_.place().string(), option("chat"));
  check(engine_ != kMask || tokenizer_.mask_id().has_value(), ErrorKind::kBadInput,
        "{}: its tokenizer has no mask token; take another engine ({})", model_.place().string(), option("engine"));
}

Json Classifier::setup() const {
  Json words = Json::array();
  for (std::size_t l = 0; l < words_.size(); ++l) words.push_back(words_.words(l));
  return {{"weights", options_.weights_id},
          {"engine", engine_name(engine_)},
          {"template", prompt_.source()},
          {"label_words", std::move(words)},
          {"normalize", normalize_name(options_.normalize)},
          {"chat", options_.chat},
          // The rest of a prompt: exemplars, the model's chat template.
          {"prompt_sha256", sha256_hex(render(TextInput{"N/A"}))}};
}

void Classifier::check_calibration() const {
  const Calibration& c = *options_.calibration;
  check(c.labels == labels_, ErrorKind::kBadInput, "{}: was measured for other labels ({}); measure it for these ({})",
        c.place, fmt::join(c.labels, ", "), option("calibrate"));
  if (c.measured_with.is_null()) return;
  constexpr std::pair<const char*, const char*> kNames[] = {
      {"weights", "another model"},
      {"engine", "another engine"},
      {"template", "another template"},
      {"label_words", "other label words"},
      {"normalize", "another normalisation"},
      {"chat", "another use of the chat template"},
      {"prompt_sha256", "other examples, or another chat template"},
  };
  const Json now = setup();
  for (const auto& [key, name] : kNames) {
    const Json before = c.measured_with.is_object() && c.measured_with.contains(key) ? c.measured_with[key] : Json();
    check(before == now[key], ErrorKind::kBadInput,
          "{}: the calibration was measured with {} ({} is {} there, {} here); measure it again ({})", c.place, name,
          key, printable(dump_json(before), 80), printable(dump_json(now[key]), 80), option("calibrate"));
  }
}

std::string Classifier::hypothesis(const TextInput& input, const std::string& label) const {
  return prompt_.render(
      prompt_slots({input.text, input.pair, 0, input.columns}, {{"label", label}, {"labels", labels_}}));
}

std::string Classifier::render(const TextInput& input) const {
  if (engine_ == Engine::kHead) return input.pair.empty() ? input.text : input.text + "\n" + input.pair;
  if (engine_ == Engine::kNli) {
    std::string pairs = input.text;
    for (const std::string& label : labels_) pairs += "\n" + hypothesis(input, label);
    return pairs;
  }
  const Exemplar question{input.text, input.pair, 0, input.columns};
  Json shared{{"labels", labels_}};
  if (engine_ == Engine::kMask) shared["mask"] = tokenizer_.id_to_token(*tokenizer_.mask_id());
  const std::string text =
      exemplars_ ? with_exemplars(question, shared) : prompt_.render(prompt_slots(question, shared));
  return options_.chat ? render_chat(loaded_, Json::array({{{"role", "user"}, {"content", text}}})) : text;
}

std::string Classifier::with_exemplars(const Exemplar& question, const Json& shared) const {
  const std::int64_t room = prompt_room();
  const auto budget = room > 0 ? static_cast<std::size_t>(room) : SIZE_MAX;
  FewShotPrompt prompt =
      exemplars_->build(prompt_, exemplar_words_, question, shared, budget,
                        [&](const std::string& text) { return prompt_ids(tokenizer_, text).size(); });
  if (prompt.dropped > 0 && first_time(Remark::kExemplarsDropped))
    note("{} exemplars do not fit the context of {} tokens and are left out (noted once)", prompt.dropped, context());
  return std::move(prompt.text);
}

std::int64_t Classifier::context() const { return model_.context(); }

// Tokens of the context without those of the answer and of a chat template.
std::int64_t Classifier::prompt_room() const {
  constexpr std::int64_t kKept = 32;
  return context() > 0 ? std::max<std::int64_t>(1, context() - kKept) : 0;
}

std::vector<std::int32_t> Classifier::ids_of(const std::string& prompt) const {
  const bool reads = model_.config().stack == nn::Stack::kEncoderDecoder;
  return engine_ == Engine::kMask || reads ? tokenizer_.encode_ids(prompt) : prompt_ids(tokenizer_, prompt, opening_);
}

std::string Classifier::prompt_of(const TextInput& input) const {
  std::string prompt = render(input);
  const std::int64_t room = prompt_room();
  const auto fits = [&](const std::string& candidate) {  // a token has at least one byte
    return static_cast<std::int64_t>(candidate.size()) <= room ||
           static_cast<std::int64_t>(ids_of(candidate).size()) <= room;
  };
  if (room == 0 || fits(prompt)) return prompt;
  note_cut(context());
  const std::string_view text = input.text;
  const auto part = [&](std::size_t bytes) {  // the side that the tokenizer keeps, whole characters
    if (tokenizer_.truncation_side() == Side::kRight)
      return text.substr(0, utf8::complete_prefix(text.substr(0, bytes)));
    std::size_t begin = text.size() - bytes;
    while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
    return text.substr(begin);
  };
  std::size_t low = 0, high = text.size();  // bytes kept: `low` fits, or none does
  TextInput cut = input;
  while (low < high) {
    const std::size_t middle = (low + high + 1) / 2;
    const std::size_t whole = part(middle).size();
    cut.text = part(middle);
    if (whole > low && fits(render(cut)))
      low = whole;
    else
      high = middle - 1;
  }
  cut.text = part(low);
  return render(cut);
}

void Classifier::note_cut(std::int64_t tokens) const {
  if (first_time(Remark::kTextCut))
    note("a text is cut to fit the context of {} tokens, its {} part is kept (noted once)", tokens,
         tokenizer_.truncation_side() == Side::kRight ? "first" : "last");
}

bool Classifier::first_time(Remark remark) const {
  return !std::exchange(remarked_[static_cast<std::size_t>(remark)], true);
}

Classifier::Session Classifier::make_session() const {
  if (engine_ != Engine::kScore) return nullptr;
  return std::make_unique<generate::ScoreSession>(model_, generate::ScoreOptions{.batch_rows = options_.batch_rows});
}

Classifier::Prepared Classifier::prepare(const TextInput& input) const {
  switch (engine_) {
    case Engine::kHead:
      return {.inputs = {head_input(input)}};
    case Engine::kNli:
      return {.inputs = hypotheses(input)};
    case Engine::kMask:
      return {.ids = mask_prompt(prompt_of(input))};
    case Engine::kGenerate:
    case Engine::kAuto:
    case Engine::kScore:
      break;
  }
  const std::string prompt = prompt_of(input);
  Prepared made;
  if (engine_ == Engine::kGenerate)
    made.ids = ids_of(prompt);
  else
    made.request = score_request(prompt);
  check(!made.ids.empty() || !made.request.prompt.empty(),
        "the prompt is empty and the tokenizer adds no start token; give a text or {}", option("prompt"));
  return made;
}

std::vector<Classification> Classifier::answers_of(std::span<const Prepared> texts, Session& session) const {
  switch (engine_) {
    case Engine::kGenerate:
      return by_generation(texts);
    case Engine::kNli:
      return by_entailment(texts);
    case Engine::kHead:
      return by_head(texts);
    case Engine::kAuto:
    case Engine::kMask:
    case Engine::kScore:
      break;
  }
  return by_score(texts, session);
}

void Classifier::classify_each(std::span<const TextInput> texts, Session& session, const OnAnswer& on_answer,
                               const OnRefusal& on_refusal) const {
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end = engine_ == Engine::kGenerate
                                ? begin + 1
                                : portion_end(begin, texts.size(), options_.batch_rows, [&](std::size_t i) {
                                    return texts[i].text.size() * (engine_ == Engine::kNli ? labels_.size() : 1);
                                  });
    std::vector<Prepared> prepared;
    std::vector<std::optional<Error>> errors;
    for (std::size_t i = begin; i < end; ++i)
      errors.push_back(text_error(on_refusal, [&] { prepared.push_back(prepare(texts[i])); }));
    const std::vector<Classification> answers = answers_of(prepared, session);
    for (std::size_t at = 0; begin < end; ++begin) {
      const std::optional<Error>& error = errors[errors.size() - (end - begin)];
      error ? on_refusal(begin, *error) : on_answer(begin, answers[at++]);
    }
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
  for (std::size_t l = 0; l < labels_.size(); ++l)
    scores.push_back({labels_[l], std::exp(adjusted[l] - all), logprobs[l]});
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
