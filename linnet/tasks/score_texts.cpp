#include "linnet/tasks/score_texts.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/generate/pseudo_perplexity.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    words += !is_space(c) && !inside;
    inside = !is_space(c);
  }
  return words;
}

double per(const generate::Perplexity& p, std::int64_t units) {
  return units == 0 ? 1.0 : std::exp(p.negative_log_likelihood / static_cast<double>(units));
}

// Range of the text's tokens between the special ones.
std::pair<std::size_t, std::size_t> text_range(const Encoding& e) {
  std::size_t begin = 0, end = e.size();
  while (begin < end && e.special_tokens_mask[begin] != 0) ++begin;
  while (end > begin && e.special_tokens_mask[end - 1] != 0) --end;
  return {begin, end};
}

generate::Perplexity by_masking(const models::Model& model, const Tokenizer& tokenizer, const Encoding& e,
                                const generate::PerplexityOptions& options) {
  check(tokenizer.mask_id().has_value(), ErrorKind::kBadInput,
        "{}: its tokenizer has no mask token, which a masked LM's perplexity needs", model.place().string());
  const auto [begin, end] = text_range(e);
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::vector<std::int32_t>(e.ids.begin() + static_cast<std::ptrdiff_t>(from),
                                     e.ids.begin() + static_cast<std::ptrdiff_t>(to));
  };
  const auto room = std::max<std::int64_t>(1, options.window - static_cast<std::int64_t>(e.size() - (end - begin)));
  return generate::pseudo_perplexity(model, part(begin, end),
                                     {.mask = *tokenizer.mask_id(),
                                      .before = part(0, begin),
                                      .after = part(end, e.size()),
                                      .window = options.window,
                                      .stride = std::min(options.stride, room),
                                      .limit = options.limit,
                                      .progress = options.progress});
}

// Rotary and ALiBi positions continue past the trained length, with worse results; a position table ends. Returns true
// past the trained length.
bool exceeds(const models::Model& model, const generate::ScoreRequest& request) {
  std::size_t longest = 1;
  for (const auto& continuation : request.continuations) longest = std::max(longest, continuation.size());
  const auto length = static_cast<std::int64_t>(request.prompt.size() + longest) - 1;  // the last token is scored, not
                                                                                       // computed
  if (model.context() == 0 || length <= model.context()) return false;
  check(model.config().positions != nn::Positions::kLearned,
        "prompt and continuation have {} tokens to read, the model's context is {}; shorten the prompt", length,
        model.context());
  return true;
}

}  // namespace

TextScoring text_scoring(const Loaded& loaded, const PromptedTexts& texts) {
  const Tokenizer& tokenizer = loaded.tokenizer();
  const auto start = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
  TextScoring made;
  for (const std::string& continuation : texts.continuations)
    made.boundary_moved =
        add_continuation(loaded, texts.prompt, continuation, Opening::kAdd, made.request) || made.boundary_moved;
  if (made.request.prompt.empty() && start) made.request.prompt.push_back(*start);
  check(!made.request.prompt.empty(), "the prompt is empty and the tokenizer has no start or end token; give a prompt");
  made.longer = exceeds(*loaded.model, made.request);
  return made;
}

std::vector<std::vector<generate::Score>> score_texts(const Loaded& loaded, const std::vector<PromptedTexts>& requests,
                                                      const generate::ScoreOptions& options,
                                                      const OnRefusal& on_refusal) {
  const models::Model& model = *loaded.model;
  std::vector<generate::ScoreRequest> split_requests;
  std::vector<std::size_t> scored;  // indexes of their requests
  bool longer = false;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    TextScoring made;
    if (const auto error = text_error(on_refusal, [&] { made = text_scoring(loaded, requests[i]); })) {
      on_refusal(i, *error);
      continue;
    }
    longer = made.longer || longer;
    if (made.boundary_moved)
      note("'{}': a continuation merges with the end of the prompt into one token; start it with a blank",
           printable(requests[i].prompt, 60));
    split_requests.push_back(std::move(made.request));
    scored.push_back(i);
  }
  if (longer) warn("some texts are longer than the {} tokens that the model was made for", model.context());
  std::vector<std::vector<generate::Score>> result(requests.size());
  auto scores = generate::score(model, split_requests, options);
  for (std::size_t i = 0; i < scored.size(); ++i) result[scored[i]] = std::move(scores[i]);
  return result;
}

Json scores_json(const std::vector<std::string>& continuations, const std::vector<generate::Score>& scores) {
  Json list = Json::array();
  for (std::size_t i = 0; i < scores.size(); ++i)
    list.push_back({{"continuation", continuations[i]},
                    {"logprob", scores[i].logprob},
                    {"tokens", scores[i].tokens},
                    {"greedy", scores[i].greedy}});
  return list;
}

double TextPerplexity::per_word() const { return per(tokens, words); }
double TextPerplexity::per_byte() const { return per(tokens, bytes); }

TextPerplexity text_perplexity(const Loaded& loaded, std::string_view text,
                               const generate::PerplexityOptions& options) {
  const models::Model& model = *loaded.model;
  const Tokenizer& tokenizer = loaded.tokenizer();
  EncodeOptions encode;
  encode.want_tokens = false;
  const Encoding e = tokenizer.encode(text, encode);
  const models::HeadKind head = model.config().head;
  const bool masked = head == models::HeadKind::kMaskedLm || head == models::HeadKind::kPretraining;
  const auto [begin, end] = masked ? text_range(e) : std::pair(std::size_t{0}, e.size());
  std::size_t covered = text.size();
  if (options.limit > 0 && static_cast<std::size_t>(options.limit) < end - begin) {
    covered = 0;
    for (std::size_t i = begin; i < begin + static_cast<std::size_t>(options.limit); ++i)
      covered = std::max(covered, static_cast<std::size_t>(e.offsets[i].second));
  }
  TextPerplexity result;
  result.tokens = masked ? by_masking(model, tokenizer, e, options) : generate::perplexity(model, e.ids, options);
  result.words = count_words(text.substr(0, covered));
  result.bytes = static_cast<std::int64_t>(covered);
  return result;
}

}  // namespace linnet::tasks
