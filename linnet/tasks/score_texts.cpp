#include "linnet/tasks/score_texts.h"

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
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

}  // namespace

std::vector<std::vector<generate::Score>> score_texts(const models::Model& model, const Tokenizer& tokenizer,
                                                      const std::vector<PromptedTexts>& requests,
                                                      const generate::ScoreOptions& options) {
  std::vector<generate::ScoreRequest> split_requests;
  const auto start = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
  for (const PromptedTexts& request : requests) {
    generate::ScoreRequest& out = split_requests.emplace_back();
    bool moved = false;
    for (const std::string& continuation : request.continuations) {
      SplitIds split = split_ids(tokenizer, request.prompt, continuation);
      moved = moved || split.boundary_moved;
      out.prompt = std::move(split.prompt);
      out.continuations.push_back(std::move(split.continuation));
    }
    if (out.prompt.empty() && start) out.prompt.push_back(*start);
    if (moved)
      note("'{}': a continuation merges with the end of the prompt into one token; start it with a blank",
           printable(request.prompt, 60));
  }
  return generate::score(model, split_requests, options);
}

double TextPerplexity::per_word() const { return per(tokens, words); }
double TextPerplexity::per_byte() const { return per(tokens, bytes); }

TextPerplexity text_perplexity(const models::Model& model, const Tokenizer& tokenizer, std::string_view text,
                               const generate::PerplexityOptions& options) {
  EncodeOptions encode;
  encode.want_tokens = false;
  const Encoding e = tokenizer.encode(text, encode);
  std::size_t covered = text.size();
  if (options.limit > 0 && static_cast<std::size_t>(options.limit) < e.size()) {
    covered = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(options.limit); ++i)
      covered = std::max(covered, static_cast<std::size_t>(e.offsets[i].second));
  }
  TextPerplexity result;
  result.tokens = generate::perplexity(model, e.ids, options);
  result.words = count_words(text.substr(0, covered));
  result.bytes = static_cast<std::int64_t>(covered);
  return result;
}

}  // namespace linnet::tasks
