// The engines that score label words after the prompt or in place of the mask, normalise, calibrate and rank them.
#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/utf8.h"
#include "linnet/tasks/batches.h"
#include "linnet/tasks/classify.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {
namespace {

double divisor(Normalize how, const std::string& word, std::int64_t tokens) {
  switch (how) {
    case Normalize::kTokens:
      return static_cast<double>(tokens);
    case Normalize::kChars:
      return static_cast<double>(std::max<std::size_t>(1, utf8::count(word)));
    case Normalize::kBytes:
      return static_cast<double>(std::max<std::size_t>(1, word.size()));
    case Normalize::kSum:
    case Normalize::kPmi:
      return 1;
  }
  return 1;
}

// Content-free inputs. A masked LM has its mask in the template.
std::vector<TextInput> content_free(Engine engine) {
  std::vector<TextInput> inputs{{"N/A"}, {""}};
  if (engine != Engine::kMask) inputs.push_back({"[MASK]"});
  return inputs;
}

}  // namespace

void Classifier::calibrate(Session& session) {
  std::vector<Prepared> neutral;
  for (const TextInput& input : content_free(engine_)) neutral.push_back(prepare(input));
  const auto scores = label_scores(neutral, session);
  Calibration c{labels_, std::vector<double>(labels_.size(), 0.0), setup()};
  for (std::size_t l = 0; l < labels_.size(); ++l) {
    // The mean of the *probabilities over the labels*, as in the paper.
    double mean = 0;
    for (const LabelScores& s : scores)
      mean += std::exp(s.scaled[l] - log_sum_exp(s.scaled)) / static_cast<double>(scores.size());
    c.logprobs[l] = std::log(mean);
  }
  options_.calibration = std::move(c);
}

void Classifier::measure_prior(Session& session) {
  const std::vector<Prepared> neutral{prepare({""})};
  const auto scores = word_scores(neutral, session);
  for (const WordScore& s : scores.front()) prior_.push_back(s.logprob);
}

generate::ScoreRequest Classifier::score_request(const std::string& prompt) const {
  generate::ScoreRequest request;
  for (std::size_t l = 0; l < words_.size(); ++l) {
    for (const std::string& word : words_.words(l)) {
      const bool moved = add_continuation(loaded_, prompt, word, opening_, request);
      if (moved && first_time(Remark::kBoundaryMoved))
        note("a label word merges with the end of the prompt into one token; start the word with a blank");
    }
  }
  return request;
}

std::int32_t Classifier::mask_word(const std::string& word) const {
  const auto ids = word_ids(tokenizer_, word);
  check(ids.size() == 1, "the word '{}' is {} tokens; a masked LM fills in one, choose another word ({})", word,
        ids.size(), option("label_words"));
  if (ids.front() == tokenizer_.unk_id() && first_time(Remark::kUnknownWord))
    warn("the word '{}' is not in the vocabulary and scored as {}; choose another with {} (noted once)",
         printable(word, 60), tokenizer_.id_to_token(ids.front()), option("label_words"));
  return ids.front();
}

std::vector<std::int32_t> Classifier::mask_prompt(const std::string& prompt) const {
  std::vector<std::int32_t> ids = tokenizer_.encode_ids(prompt);
  check(std::count(ids.begin(), ids.end(), *tokenizer_.mask_id()) == 1,
        "the prompt must hold one {{{{ mask }}}}, and the text none; change {} or the text", option("prompt"));
  return ids;
}

std::vector<std::vector<Classifier::WordScore>> Classifier::word_scores(std::span<const Prepared> texts,
                                                                        Session& session) const {
  if (engine_ == Engine::kMask) return mask_scores(texts);
  std::vector<generate::ScoreRequest> requests;
  requests.reserve(texts.size());
  for (const Prepared& text : texts) requests.push_back(text.request);
  std::vector<std::vector<WordScore>> result;
  for (const auto& row : session->score(requests)) {
    auto& words = result.emplace_back();
    for (const generate::Score& s : row) words.push_back({s.logprob, s.tokens});
  }
  return result;
}

std::vector<std::vector<Classifier::WordScore>> Classifier::mask_scores(std::span<const Prepared> texts) const {
  const std::int32_t mask = *tokenizer_.mask_id();
  std::vector<std::vector<std::int32_t>> encoded;
  encoded.reserve(texts.size());
  for (const Prepared& text : texts) encoded.push_back(text.ids);
  std::vector<std::vector<WordScore>> result(texts.size());
  for_each_batch(encoded, options_.batch_rows, [&](const nn::Packed& batch, std::span<const std::size_t> members) {
    const Tensor hidden = model_.forward(batch);
    std::vector<std::int32_t> rows, wanted;
    for (std::int32_t r = 0; r < static_cast<std::int32_t>(batch.rows()); ++r) {
      if (batch.ids[static_cast<std::size_t>(r)] != mask) continue;
      rows.insert(rows.end(), mask_words_.size(), r);
      wanted.insert(wanted.end(), mask_words_.begin(), mask_words_.end());
    }
    const auto scores = generate::token_scores(model_, hidden, rows, wanted);
    for (std::size_t i = 0; i < scores.size(); ++i)
      result[members[i / mask_words_.size()]].push_back({scores[i].logprob, 1});
  });
  return result;
}

std::vector<Classifier::WordScore> Classifier::mask_scores(const Tensor& hidden,
                                                           std::span<const std::int32_t> ids) const {
  const auto place = std::ranges::find(ids, *tokenizer_.mask_id()) - ids.begin();
  const std::vector<std::int32_t> rows(mask_words_.size(), static_cast<std::int32_t>(place));
  std::vector<WordScore> scores;
  for (const generate::TokenScore& score : generate::token_scores(model_, hidden, rows, mask_words_))
    scores.push_back({score.logprob, 1});
  return scores;
}

Classifier::LabelScores Classifier::scores_of_labels(std::span<const WordScore> words) const {
  LabelScores labels;
  std::size_t at = 0;
  for (std::size_t l = 0; l < words_.size(); ++l) {
    std::vector<double> plain, scaled;
    for (const std::string& word : words_.words(l)) {
      const auto& [logprob, tokens] = words[at];
      plain.push_back(logprob);
      scaled.push_back((logprob - (prior_.empty() ? 0 : prior_[at])) / divisor(options_.normalize, word, tokens));
      ++at;
    }
    labels.logprobs.push_back(log_sum_exp(plain));
    labels.scaled.push_back(log_sum_exp(scaled));
  }
  return labels;
}

std::vector<Classifier::LabelScores> Classifier::label_scores(std::span<const Prepared> texts, Session& session) const {
  std::vector<LabelScores> result;
  for (const auto& words : word_scores(texts, session)) result.push_back(scores_of_labels(words));
  return result;
}

Classification Classifier::scored_answer(std::span<const WordScore> words) const {
  LabelScores s = scores_of_labels(words);
  if (options_.calibration)
    for (std::size_t l = 0; l < words_.size(); ++l) s.scaled[l] -= options_.calibration->logprobs[l];
  return rank(s.logprobs, s.scaled);
}

std::vector<Classification> Classifier::by_score(std::span<const Prepared> texts, Session& session) const {
  std::vector<Classification> result;
  for (const auto& words : word_scores(texts, session)) result.push_back(scored_answer(words));
  return result;
}

}  // namespace linnet::tasks
