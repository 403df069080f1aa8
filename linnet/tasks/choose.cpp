#include "linnet/tasks/choose.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/generate/score.h"
#include "linnet/tasks/classify.h"

namespace linnet::tasks {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// With a blank before it, unless white space is there, or the text before (`bare`) needs none.
std::string separated(const std::string& choice, bool bare) {
  return bare || choice.empty() || is_blank(choice.front()) ? choice : " " + choice;
}

std::vector<Choice> ranked(const Loaded& loaded, generate::ScoreRequest request, std::span<const std::string> choices) {
  check(!request.prompt.empty(), "the prompt is empty and the tokenizer adds no start token; give a prompt");
  const std::vector<generate::ScoreRequest> requests{std::move(request)};
  const auto scores = generate::score(*loaded.model, requests).front();
  std::vector<double> logprobs;
  for (const generate::Score& score : scores) logprobs.push_back(score.logprob);
  const double all = log_sum_exp(logprobs);
  std::vector<Choice> made;
  for (std::size_t i = 0; i < choices.size(); ++i)
    made.push_back({choices[i], std::exp(logprobs[i] - all), logprobs[i], requests[0].continuations[i]});
  std::ranges::stable_sort(made, std::ranges::greater(), &Choice::logprob);
  return made;
}

}  // namespace

std::vector<Choice> choose(const Loaded& loaded, std::string_view prompt, std::span<const std::string> choices,
                           Opening opening) {
  check_option(choices.size() >= 2, "choices", "{} given; name two or more", choices.size());
  generate::ScoreRequest request;
  const bool bare = opening == Opening::kWritten || prompt.empty() || is_blank(prompt.back());
  for (const std::string& choice : choices) add_continuation(loaded, prompt, separated(choice, bare), opening, request);
  return ranked(loaded, std::move(request), choices);
}

std::vector<Choice> choose(const Loaded& loaded, const std::vector<std::int32_t>& prompt,
                           std::span<const std::string> choices) {
  check_option(choices.size() >= 2, "choices", "{} given; name two or more", choices.size());
  generate::ScoreRequest request;
  if (loaded.model->config().stack == nn::Stack::kEncoderDecoder) {
    for (const std::string& choice : choices) add_continuation(loaded, "", choice, Opening::kAdd, request);
    request.encoder_ids = prompt;
    return ranked(loaded, std::move(request), choices);
  }
  const Tokenizer& tokenizer = loaded.tokenizer();
  const std::string text = text_after_opening(tokenizer, prompt);
  const bool bare = text.empty() || is_blank(text.back()) || tokenizer.is_special(prompt.back());
  for (const std::string& choice : choices)
    request.continuations.push_back(ids_after(tokenizer, text, separated(choice, bare)));
  request.prompt = prompt;
  return ranked(loaded, std::move(request), choices);
}

}  // namespace linnet::tasks
