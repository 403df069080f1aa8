#include "linnet/generate/overrides.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/log.h"

namespace linnet::generate {
namespace {

constexpr std::int64_t kDefaultTopK = 50;

void in_range(const char* field, auto value) {
  check_range(rule_of(kOverrideRules, field), static_cast<double>(value));
}

void check_ranges(const SamplingOptions& s) {
  in_range("temperature", s.temperature);
  in_range("top_k", s.top_k);
  in_range("top_p", s.top_p);
  in_range("min_p", s.min_p);
  in_range("typical_p", s.typical_p);
  in_range("repetition_penalty", s.repetition_penalty);
  in_range("no_repeat_ngram_size", s.no_repeat_ngram_size);
}

template <class T, class U>
U first_of(const std::optional<T>& asked, const std::optional<T>& checkpoint, U otherwise) {
  return asked ? static_cast<U>(*asked) : checkpoint ? static_cast<U>(*checkpoint) : otherwise;
}

std::vector<std::int32_t> narrow(const std::vector<std::int64_t>& ids) { return {ids.begin(), ids.end()}; }

void set_lengths(const Overrides& r, const GenerationConfig& c, GenerateOptions& o) {
  if (r.max_new_tokens) {
    if (r.max_length)
      warn("both {0} ({1}) and {2} ({3}) are given; {0} counts", option("max_new_tokens"), *r.max_new_tokens,
           option("max_length"), *r.max_length);
    o.max_new_tokens = *r.max_new_tokens;
  } else if (r.max_length) {
    o.max_length = r.max_length;
  } else if (c.max_new_tokens) {
    o.max_new_tokens = *c.max_new_tokens;
  } else {
    o.max_new_tokens = kDefaultNewTokens;
    o.max_length = c.max_length;
  }
  o.min_new_tokens = first_of(r.min_new_tokens, c.min_new_tokens, std::int64_t{0});
  o.min_length = first_of(r.min_length, c.min_length, std::int64_t{0});
  in_range("max_new_tokens", o.max_new_tokens);
  in_range("min_new_tokens", o.min_new_tokens);
  in_range("min_length", o.min_length);
}

void set_sampling(const Overrides& r, const GenerationConfig& c, SamplingOptions& s) {
  s.repetition_penalty = first_of(r.repetition_penalty, c.repetition_penalty, 1.0f);
  s.no_repeat_ngram_size = first_of(r.no_repeat_ngram_size, c.no_repeat_ngram_size, std::int64_t{0});
  for (const auto& word : c.bad_words_ids)
    if (word.size() != 1 || std::count(c.eos_ids.begin(), c.eos_ids.end(), word[0]) == 0)
      s.bad_words.push_back(narrow(word));
  s.suppress_tokens = narrow(c.suppress_ids);
  s.begin_suppress_tokens = narrow(c.begin_suppress_ids);
  s.do_sample = r.do_sample.value_or(r.temperature || r.top_k || r.top_p || r.min_p || r.typical_p);
  s.temperature = first_of(r.temperature, c.temperature, 1.0f);
  s.top_k = first_of(r.top_k, c.top_k, kDefaultTopK);
  s.top_p = first_of(r.top_p, c.top_p, 1.0f);
  s.min_p = first_of(r.min_p, c.min_p, 0.0f);
  s.typical_p = first_of(r.typical_p, c.typical_p, 1.0f);
  check_ranges(s);
  if (s.temperature == 0) s.do_sample = false;
}

void set_beams(const Overrides& r, const GenerationConfig& c, BeamOptions& o) {
  o.num_beams = first_of(r.num_beams, c.num_beams, std::int64_t{1});
  o.num_return_sequences = first_of(r.num_return_sequences, c.num_return_sequences, std::int64_t{1});
  o.length_penalty = first_of(r.length_penalty, c.length_penalty, 1.0);
  o.early_stopping = first_of(r.early_stopping, c.early_stopping, EarlyStopping::kNo);
  o.renormalize_logits = c.renormalize_logits.value_or(false);
  in_range("num_beams", o.num_beams);
  in_range("num_return_sequences", o.num_return_sequences);
  in_range("length_penalty", o.length_penalty);
  if (!r.num_return_sequences) o.num_return_sequences = std::min(o.num_return_sequences, o.num_beams);
  if (o.num_beams == 1 && (r.length_penalty || r.early_stopping))
    warn("{} has no effect with one beam; {} sets their number",
         option(r.length_penalty ? "length_penalty" : "early_stopping"), option("num_beams"));
}

}  // namespace

GenerateOptions resolve(const Overrides& overrides, const GenerationConfig& checkpoint) {
  GenerateOptions options;
  set_lengths(overrides, checkpoint, options);
  set_sampling(overrides, checkpoint, options.sampling);
  set_beams(overrides, checkpoint, options.beams);
  options.eos_ids = narrow(checkpoint.eos_ids);
  options.forced_eos_ids = narrow(checkpoint.forced_eos_ids);
  if (checkpoint.decoder_start_id) options.decoder_start_id = static_cast<std::int32_t>(*checkpoint.decoder_start_id);
  if (checkpoint.forced_bos_id) options.forced_bos_id = static_cast<std::int32_t>(*checkpoint.forced_bos_id);
  options.seed = overrides.seed;
  options.logprobs = overrides.logprobs;
  check_beams(options);
  return options;
}

}  // namespace linnet::generate
