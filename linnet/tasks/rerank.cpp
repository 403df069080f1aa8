#include "linnet/tasks/rerank.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/generate/engine.h"
#include "linnet/tasks/prompt_ids.h"
#include "linnet/tokenizer/text_cutter.h"

namespace linnet::tasks {
namespace {

// The function of the logit.
enum class ScoreFunction : std::uint8_t { kSigmoid, kIdentity };

constexpr const char* kSentenceConfig = "config_sentence_transformers.json";

// Its name in the files ("torch.nn.modules.linear.Identity") with the file; "" if they name none. The newest spelling
// takes precedence, as in sentence-transformers.
struct NamedFunction {
  std::string name, place;
};
NamedFunction named_function(const models::ModelFiles& files) {
  if (!files.is_folder()) return {};
  const auto text_in = [](const Json& object, const char* key, const std::string& place) {
    return object.is_object() && object.contains(key) && !object[key].is_null() ? get_string(object[key], key, place)
                                                                                : "";
  };
  const auto sentences = files.place() / kSentenceConfig;
  if (has_companion(sentences)) {
    const std::string place = sentences.string(), name = text_in(read_json(sentences), "activation_fn", place);
    if (!name.empty()) return {name, place};
  }
  const Json& config = files.config_json();
  const std::string place = (files.transformer() / "config.json").string();
  if (config.contains("sentence_transformers")) {
    const std::string name = text_in(config["sentence_transformers"], "activation_fn", place);
    if (!name.empty()) return {name, place};
  }
  return {text_in(config, "sbert_ce_default_activation_function", place), place};
}

ScoreFunction score_function(const models::ModelFiles& files) {
  const auto [name, place] = named_function(files);
  const std::string kind = name.substr(name.rfind('.') + 1);
  if (name.empty() || kind == "Sigmoid") return ScoreFunction::kSigmoid;
  check(kind == "Identity", ErrorKind::kBadInput,
        "{}: asks for scores by '{}'; Sigmoid and Identity are supported, take another model", place, name);
  return ScoreFunction::kIdentity;
}

}  // namespace

void check_reranks(const Loaded& loaded, const RerankOptions& options) {
  const models::Model& model = *loaded.model;
  const nn::TransformerConfig& config = model.config();
  const bool classes = config.head == models::HeadKind::kSequenceClass;
  check(
      classes && config.labels.size() == 1, ErrorKind::kBadInput,
      "{}: has {}; ranking needs a classification head with one logit (a cross-encoder), take another model",
      model.place().string(),
      classes ? format_printable("a head with {} classes", config.labels.size()) : Printable("no classification head"));
  check(config.head_trained || options.allow_untrained, ErrorKind::kBadInput,
        "{}: its classification head was never trained, the scores would be random; train it, or give {}",
        model.place().string(), option("allow_untrained"));
  score_function(loaded.files.model);
}

void rerank_each(const Loaded& loaded, const std::string& query, std::span<const std::string> documents,
                 const RerankOptions& options, const OnScore& on_score, const OnRefusal& on_refusal) {
  check_reranks(loaded, options);
  check(query.find_first_not_of(" \t\r\n") != std::string::npos, "the query is empty; give a text");
  const models::Model& model = *loaded.model;
  const ScoreFunction function = score_function(loaded.files.model);
  TextCutter cutter(loaded.tokenizer(), length_limit(model, loaded.tokenizer(), options.max_length),
                    {.want_tokens = false, .want_offsets = false});
  for (std::size_t begin = 0; begin < documents.size();) {
    const std::size_t end = portion_end(begin, documents.size(), options.batch_rows,
                                        [&](std::size_t i) { return query.size() + documents[i].size(); });
    std::vector<std::optional<Error>> errors;
    std::vector<double> scores(end - begin);
    generate::Engine engine(model, {.batch_tokens = options.batch_rows});
    for (std::size_t i = begin; i < end; ++i)
      errors.push_back(text_error(on_refusal, [&] {
        check(!documents[i].empty(), "{}", kNoTokens);
        const Encoding pair = cutter.encode(query, documents[i]);
        engine.submit(generate::EncodeRequest{.ids = pair.ids,
                                              .type_ids = pair.type_ids,
                                              .rows = generate::HiddenRows::kClasses,
                                              .on_end = [&score = scores[i - begin], function](const Tensor& logits) {
                                                const double logit = logits.to(kCpu).data<float>()[0];
                                                score = function == ScoreFunction::kIdentity
                                                            ? logit
                                                            : 1 / (1 + std::exp(-logit));
                                              }});
      }));
    while (engine.step()) {
    }
    for (std::size_t i = 0; begin < end; ++i, ++begin) {
      if (errors[i])
        on_refusal(begin, *errors[i]);
      else
        on_score(begin, scores[i]);
    }
  }
  cutter.note_cut();
}

std::vector<double> rerank_scores(const Loaded& loaded, const std::string& query,
                                  const std::vector<std::string>& documents, const RerankOptions& options) {
  std::vector<double> scores;
  rerank_each(loaded, query, documents, options, [&](std::size_t, double score) { scores.push_back(score); });
  return scores;
}

}  // namespace linnet::tasks
