#include "linnet/generate/text_rules.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/log.h"

namespace linnet::generate {
namespace {

// Maximum number of new tokens, by the request and by the model's positions.
std::int64_t room(std::int64_t context, std::int64_t prompt, const GenerateOptions& o) {
  std::int64_t count = o.max_new_tokens;
  if (o.max_length) {
    check(*o.max_length > prompt, "the prompt has {} tokens, {} is {} and counts them; raise it or use {}", prompt,
          option("max_length"), *o.max_length, option("max_new_tokens"));
    count = *o.max_length - prompt;
  }
  if (context == 0) return count;
  check(prompt < context, "the prompt has {} tokens, the model's context is {}; shorten it", prompt, context);
  if (count > context - prompt) {
    note("{} new tokens asked for, the context of {} leaves room for {}", count, context, context - prompt);
    count = context - prompt;
  }
  return count;
}

}  // namespace

TextRules::TextRules(const models::Model& model, const GenerateOptions& options, std::span<const std::int32_t> prompt,
                     const nn::SequenceAdapter* adapter)
    : prompt_(std::ssize(prompt)), eos_(options.eos_ids) {
  require_next_tokens(model);
  const std::int64_t vocabulary = model.config().vocab;
  check(!prompt.empty(), "the prompt is empty and the tokenizer adds no start token; give a text");
  for (const std::int32_t id : prompt)
    check(id >= 0 && id < vocabulary, "[generate] id {} is outside the vocabulary of {}", id, vocabulary);
  if (const auto& bos = options.forced_bos_id) {
    check(*bos >= 0 && *bos < vocabulary, ErrorKind::kBadInput,
          "{}: forced_bos_token_id {} is outside the vocabulary of {}", model.place().string(), *bos, vocabulary);
    if (prompt_ == 1) first_ = {*bos};
  }
  count_ = std::max<std::int64_t>(0, room(context_of(model, adapter), prompt_, options));
  least_ = std::max(options.min_new_tokens, options.min_length - prompt_);
  begin_ = std::ssize(first_);
  for (const std::int32_t id : options.forced_eos_ids)
    if (id >= 0 && id < vocabulary) last_.push_back(id);
}

TokenRules TextRules::after(std::span<const std::int32_t> ids) const {
  const std::int64_t step = std::ssize(ids) - prompt_;
  TokenRules rules{.seen = ids, .first = step == begin_};
  if (step < least_) rules.forbidden = eos_;
  if (step == 0) rules.forced = first_;
  if (step + 1 == count_ && !last_.empty()) rules.forced = last_;
  return rules;
}

}  // namespace linnet::generate
